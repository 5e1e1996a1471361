#include "base/csv.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Takes a text apart, record by record.
class CsvParser {
 public:
  CsvParser(const std::string& text, std::string file, const CsvOptions& options)
      : text_(text), file_(std::move(file)), options_(options), at_(starts_with(text, "\xef\xbb\xbf") ? 3 : 0) {
    if (text.find('\n') == std::string::npos) line_end_ = '\r';
  }

  bool ended() const { return at_ >= text_.size(); }

  CsvRecord next() {
    record_ = {{}, line_, false};
    for (bool more = true; more;) more = read_field();
    return std::move(record_);
  }

 private:
  char now() const { return text_[at_]; }

  // Reads one field; false behind the last one of the record.
  bool read_field() {
    std::string field;
    size_t kept = 0;  // so many of its bytes are quoted, which no trimming touches
    for (; !ended() && now() != options_.separator && now() != line_end_; ++at_) {
      const bool opens = field.empty() || (options_.trim && kept == 0 && all_blank(field));
      if (now() == '"' && opens) {
        record_.trimmed |= !field.empty();
        field = quoted();
        kept = field.size();
      } else if (now() != '\r') {
        field += now();
      }
    }
    if (options_.trim) trim(field, kept);
    record_.fields.push_back(std::move(field));
    if (ended()) return false;
    const bool ends = now() == line_end_;
    line_ += ends;
    ++at_;
    return !ends;
  }

  // What stands between two quotation marks, `at_` on the first; leaves it on the last.
  std::string quoted() {
    std::string out;
    for (++at_; !ended(); ++at_) {
      const bool doubled = now() == '"' && at_ + 1 < text_.size() && text_[at_ + 1] == '"';
      if (now() == '"' && !doubled) return out;
      line_ += now() == line_end_;
      out += now();
      at_ += doubled;
    }
    throw DataError(file_ + ", line " + std::to_string(record_.line) + ": a quotation mark is not closed");
  }

  static bool all_blank(const std::string& text) { return std::all_of(text.begin(), text.end(), is_blank); }

  void trim(std::string& field, size_t kept) {
    const size_t before = field.size();
    while (field.size() > kept && is_blank(field.back())) field.pop_back();
    if (kept == 0) field.erase(0, std::min(field.size(), field.find_first_not_of(" \t")));
    record_.trimmed |= field.size() != before;
  }

  const std::string& text_;
  const std::string file_;
  const CsvOptions options_;
  size_t at_, line_ = 1;
  char line_end_ = '\n';
  CsvRecord record_;
};

}  // namespace

std::vector<CsvRecord> csv_records(const std::string& text, const std::string& file, const CsvOptions& options) {
  std::vector<CsvRecord> records;
  CsvParser parser(text, file, options);
  while (!parser.ended()) {
    CsvRecord record = parser.next();
    if (record.fields.size() > 1 || !record.fields[0].empty()) records.push_back(std::move(record));
  }
  return records;
}

char csv_separator(const std::string& text) {
  constexpr size_t kLines = 50;
  char best = ',';
  size_t most = 0;
  for (const char separator : {',', '\t', ';'}) {
    size_t even = 0, fields = 0;
    try {
      CsvParser parser(text, "", {separator, true});
      for (size_t i = 0; i < kLines && !parser.ended(); ++i) {
        const CsvRecord record = parser.next();
        if (fields == 0) fields = record.fields.size();
        even += fields > 1 && record.fields.size() == fields;
      }
    } catch (const DataError&) {  // a quotation mark means another thing here
    }
    if (even > most) most = even, best = separator;
  }
  return best;
}

std::string csv_cell(const std::string& text) {
  return text.find_first_of(",\"\n\r") == std::string::npos ? text : csv_quoted(text);
}

std::string csv_quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

}  // namespace cvtool
