// CSV as RFC 4180 has it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cvtool {

struct CsvRecord {
  std::vector<std::string> fields;
  size_t line = 0;       // 1-based, where it begins
  bool trimmed = false;  // blanks around a field were taken off
};

struct CsvOptions {
  char separator = ',';
  bool trim = false;  // blanks around fields, but for those inside quotation marks, are no part of them
};

// The records of a text; line ends \n or \r\n (\r where there is no \n), a byte-order mark and empty lines are passed
// over. Throws DataError naming `file` and the line where a quotation mark is not closed.
std::vector<CsvRecord> csv_records(const std::string& text, const std::string& file, const CsvOptions& options = {});

// The separator that divides the first lines of a text evenly: comma, tab or semicolon; a comma where none does.
char csv_separator(const std::string& text);

// A field as it stands in a line: quoted where it has to be.
std::string csv_cell(const std::string& text);
// In quotation marks, those within doubled.
std::string csv_quoted(const std::string& text);

}  // namespace cvtool
