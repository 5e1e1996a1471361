// CSV as RFC 4180 has it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cvtool {

struct CsvRecord {
  std::vector<std::string> fields;
  size_t line = 0;  // 1-based, where it begins
};

// The records of a text; line ends \n or \r\n, a byte-order mark and empty lines are passed over. Throws DataError
// naming `file` and the line where a quotation mark is not closed.
std::vector<CsvRecord> csv_records(const std::string& text, const std::string& file);

// A field as it stands in a line: quoted where it has to be.
std::string csv_cell(const std::string& text);

}  // namespace cvtool
