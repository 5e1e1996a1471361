#include "base/csv.h"

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

// Reads one record from `at` on and leaves `at` behind its line end.
CsvRecord next_record(const std::string& text, size_t& at, size_t& line, const std::string& file) {
  CsvRecord record{{""}, line};
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') ++line;
    if (quoted) {
      const bool doubled = c == '"' && at + 1 < text.size() && text[at + 1] == '"';
      if (c != '"' || doubled) record.fields.back() += c;
      if (doubled) ++at;
      if (c == '"' && !doubled) quoted = false;
    } else if (c == '"' && record.fields.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      record.fields.emplace_back();
    } else if (c == '\n') {
      ++at;
      break;
    } else if (c != '\r') {
      record.fields.back() += c;
    }
  }
  if (quoted) throw DataError(file + ", line " + std::to_string(record.line) + ": a quotation mark is not closed");
  return record;
}

}  // namespace

std::vector<CsvRecord> csv_records(const std::string& text, const std::string& file) {
  std::vector<CsvRecord> records;
  size_t at = starts_with(text, "\xef\xbb\xbf") ? 3 : 0, line = 1;
  while (at < text.size()) {
    CsvRecord record = next_record(text, at, line, file);
    if (record.fields.size() > 1 || !record.fields[0].empty()) records.push_back(std::move(record));
  }
  return records;
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

}  // namespace cvtool
