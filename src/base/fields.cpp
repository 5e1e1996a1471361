#include "base/fields.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

std::string bounds_text(const Doc& doc) {
  if (std::isinf(doc.high)) return "at least " + number_text(doc.low);
  if (std::isinf(doc.low)) return "at most " + number_text(doc.high);
  const std::string low = (doc.low_excluded    ? "above "
                           : doc.high_excluded ? "at least "
                                               : "from ") +
                          number_text(doc.low);
  return low +
         (doc.high_excluded  ? " and below "
          : doc.low_excluded ? " and at most "
                             : " to ") +
         number_text(doc.high);
}

}  // namespace

std::string numbers_text(const std::vector<int64_t>& numbers, const std::string& between) {
  std::vector<std::string> words;
  for (const int64_t number : numbers) words.push_back(std::to_string(number));
  return join(words, between);
}

JsonReader::JsonReader(const Json& object, std::string place) : object_(object), place_(std::move(place)) {
  if (!object.is_object()) {
    std::string where = place_;
    while (!where.empty() && (where.back() == '.' || where.back() == ' ')) where.pop_back();
    throw UsageError(where + ": must be a JSON object {...}, not " + object.dump());
  }
}

const Json* JsonReader::find(const char* key) {
  known_.push_back(key);
  const auto at = object_.find(key);
  return at == object_.end() ? nullptr : &*at;
}

void JsonReader::wrong(const char* key, const std::string& expected, const Json& got) const {
  throw UsageError(place_ + key + ": must be " + expected + ", not " + got.dump());
}

void JsonReader::check_range(const char* key, double value, const Doc& doc) const {
  const bool above = doc.low_excluded ? value > doc.low : value >= doc.low,
             below = doc.high_excluded ? value < doc.high : value <= doc.high;
  if (above && below) return;  // false for NaN
  throw UsageError(place_ + key + ": " + number_text(value) + " is out of range; it must be " + bounds_text(doc));
}

void JsonReader::operator()(const char* key, bool& value, const Doc&) {
  const Json* json = find(key);
  if (!json) return;
  if (!json->is_boolean()) wrong(key, "true or false", *json);
  value = json->get<bool>();
}

void JsonReader::operator()(const char* key, int64_t& value, const Doc& doc) {
  const Json* json = find(key);
  if (!json) return;
  const bool whole =
      json->is_number_integer() || (json->is_number_float() && json->get<double>() == std::floor(json->get<double>()) &&
                                    std::abs(json->get<double>()) < 9e15);
  if (!whole) wrong(key, "an integer", *json);
  check_range(key, json->get<double>(), doc);
  const std::vector<int64_t>& allowed = doc.allowed_numbers;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), json->get<int64_t>()) == allowed.end())
    wrong(key, numbers_text(allowed, " or "), *json);
  value = json->get<int64_t>();
}

void JsonReader::operator()(const char* key, double& value, const Doc& doc) {
  const Json* json = find(key);
  if (!json) return;
  if (!json->is_number()) wrong(key, "a number", *json);
  check_range(key, json->get<double>(), doc);
  value = json->get<double>();
}

void JsonReader::operator()(const char* key, std::string& value, const Doc& doc) {
  const Json* json = find(key);
  if (!json) return;
  if (!json->is_string()) wrong(key, "a text", *json);
  auto text = json->get<std::string>();
  if (!doc.choices.empty()) {
    bool known = false;
    for (const auto& word : doc.choices) known |= word == text;
    if (!known) throw UsageError(place_ + key + ": " + unknown_word("value", text, doc.choices));
  }
  value = std::move(text);
}

void JsonReader::operator()(const char* key, std::vector<std::string>& value, const Doc&) {
  const Json* json = find(key);
  if (!json) return;
  if (!json->is_array()) wrong(key, "a list of texts", *json);
  std::vector<std::string> texts;
  for (const auto& item : *json) {
    if (!item.is_string()) wrong(key, "a list of texts", *json);
    texts.push_back(item.get<std::string>());
  }
  value = std::move(texts);
}

void JsonReader::operator()(const char* key, ImageSize& value, const Doc& doc) {
  const Json* json = find(key);
  if (!json) return;
  ImageSize size;
  if (json->is_number_integer()) {
    size.height = size.width = json->get<int64_t>();
  } else if (json->is_array() && json->size() == 2 && (*json)[0].is_number_integer() &&
             (*json)[1].is_number_integer()) {
    size = {(*json)[0].get<int64_t>(), (*json)[1].get<int64_t>()};
  } else {
    wrong(key, "a size in pixels such as 128 or [height, width]", *json);
  }
  check_range(key, static_cast<double>(size.height), doc);
  check_range(key, static_cast<double>(size.width), doc);
  value = size;
}

void JsonReader::operator()(const char* key, Json& value, const Doc&) {
  if (const Json* json = find(key)) value = *json;
}

void JsonReader::finish() const {
  for (const auto& [key, unused] : object_.items()) {
    bool known = false;
    for (const auto& word : known_) known |= word == key;
    if (!known) {
      std::string where = place_;
      while (!where.empty() && (where.back() == '.' || where.back() == ' ')) where.pop_back();
      throw UsageError((where.empty() ? "" : where + ": ") + unknown_word("key", key, known_));
    }
  }
}

void to_json(Json& json, const ImageSize& size) {
  if (size.height == size.width)
    json = size.height;
  else
    json = {size.height, size.width};
}

ImageSize image_size_from_text(const std::string& text, const std::string& place) {
  const auto parts = split(text, 'x');
  ImageSize size;
  try {
    size_t used = 0;
    if (parts.empty() || parts.size() > 2) throw std::invalid_argument("parts");
    size.height = std::stoll(parts[0], &used);
    if (used != parts[0].size()) throw std::invalid_argument("tail");
    size.width = size.height;
    if (parts.size() == 2) {
      size.width = std::stoll(parts[1], &used);
      if (used != parts[1].size()) throw std::invalid_argument("tail");
    }
  } catch (const std::logic_error&) {
    throw UsageError(place + ": '" + text + "' is not a size; write 128 or HEIGHTxWIDTH such as 128x96");
  }
  return size;
}

std::string image_size_text(const ImageSize& size) {
  return std::to_string(size.height) + "x" + std::to_string(size.width);
}

}  // namespace cvtool
