// A list of photos as JSON Lines: an object a line.
#pragma once

#include <string>
#include <vector>

#include "base/csv.h"

namespace cvtool {

// By its ending: .jsonl or .ndjson.
bool is_json_lines(const std::string& file);

// The first record holds the keys, in the order in which they first come; then one a line, "" where a line lacks a key.
// Numbers and true/false are written as JSON has them; keys with lists or objects are left out. Throws DataError naming
// `file` and the line that is no object.
std::vector<CsvRecord> json_line_records(const std::string& text, const std::string& file);

}  // namespace cvtool
