// What leaves the program as text: JSON documents, tables, names that came from outside.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

// The text on one line, safe for a terminal: control characters and bytes that are no UTF-8 as \n, \t or \x1b.
std::string printable(const std::string& text);

// Columns, two spaces apart: the first flush left, the others flush right; a line feed after each row.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

// The text of a document, with a line feed at its end; indent -1: on one line. Names of files may hold any bytes: those
// that are no UTF-8 become U+FFFD.
std::string text_from_json(const Json& json, int indent = 2);

}  // namespace cvtool
