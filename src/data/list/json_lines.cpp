#include "data/list/json_lines.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace cvtool {
namespace {

constexpr size_t kMaxKeys = 1000;

struct JsonLine {
  size_t line;
  Json object;
};

std::vector<JsonLine> objects_of(const std::string& text, const std::string& file) {
  std::vector<JsonLine> objects;
  size_t line = 0;
  for (const std::string& one : split(text, '\n')) {
    ++line;
    if (one.find_first_not_of(" \t\r") == std::string::npos) continue;
    Json object = Json::parse(one, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object())
      throw DataError(file + ", line " + std::to_string(line) +
                      R"(: is no JSON object; write one a line: {"file_name": "a.jpg", "label": "cat"})");
    objects.push_back({line, std::move(object)});
  }
  if (objects.empty())
    throw DataError(file + R"( is empty; write an object a line: {"file_name": "a.jpg", "label": "cat"})");
  return objects;
}

// The keys whose values are all plain.
std::vector<std::string> keys_of(const std::vector<JsonLine>& objects, const std::string& file) {
  std::vector<std::string> keys;
  std::set<std::string> known, left_out;
  for (const JsonLine& one : objects)
    for (const auto& [key, value] : one.object.items()) {
      if (known.insert(key).second) keys.push_back(key);
      if (value.is_structured()) left_out.insert(key);
      if (keys.size() > kMaxKeys)
        throw DataError(file + ": has more than " + std::to_string(kMaxKeys) + " keys; write the same in each line");
    }
  keys.erase(std::remove_if(keys.begin(), keys.end(), [&](const std::string& key) { return left_out.count(key); }),
             keys.end());
  if (keys.empty()) throw DataError(file + R"(: no key has a plain value; write "file_name" and "label")");
  return keys;
}

}  // namespace

bool is_json_lines(const std::string& file) {
  return ends_with(lower(file), ".jsonl") || ends_with(lower(file), ".ndjson");
}

std::vector<CsvRecord> json_line_records(const std::string& text, const std::string& file) {
  const std::vector<JsonLine> objects = objects_of(starts_with(text, "\xef\xbb\xbf") ? text.substr(3) : text, file);
  const std::vector<std::string> keys = keys_of(objects, file);
  std::vector<CsvRecord> records{{keys, objects[0].line}};
  for (const JsonLine& one : objects) {
    CsvRecord record{{}, one.line};
    for (const std::string& key : keys) {
      const auto value = one.object.find(key);
      if (value == one.object.end() || value->is_null())
        record.fields.emplace_back();
      else
        record.fields.push_back(value->is_string() ? value->get<std::string>() : value->dump());
    }
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace cvtool
