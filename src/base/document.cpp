#include "base/document.h"

#include <cmath>

namespace cvtool {
namespace {

constexpr double kLargestWhole = 9e15;  // below this a double holds every integer

// A damaged value may be as long as the file.
std::string shown(const Json& value) {
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

}  // namespace

void DocumentReader::wrong(const std::string& key, const std::string& expected, const Json& got) const {
  const std::string name = key.empty() ? "" : "'" + key + "' ";
  throw UsageError(place_ + name + "must be " + expected + ", not " + shown(got));
}

void DocumentReader::read(const std::string& key, const Json& json, bool& value) const {
  if (!json.is_boolean()) wrong(key, "true or false", json);
  value = json.get<bool>();
}

void DocumentReader::read(const std::string& key, const Json& json, int64_t& value) const {
  double number = 0;
  read(key, json, number);
  if (number != std::floor(number) || std::abs(number) > kLargestWhole) wrong(key, "an integer", json);
  value = json.get<int64_t>();
}

void DocumentReader::read(const std::string& key, const Json& json, double& value) const {
  if (!json.is_number()) wrong(key, "a number", json);
  value = json.get<double>();
}

void DocumentReader::read(const std::string& key, const Json& json, std::string& value) const {
  if (!json.is_string()) wrong(key, "a text", json);
  value = json.get<std::string>();
}

void DocumentReader::read(const std::string& key, const Json& json, ImageSize& value) const {
  const Json object{{key, json}};
  JsonReader(object, place_)(key.c_str(), value, Doc("").range(1, 1 << 16));
}

void DocumentReader::read(const std::string& key, const Json& json, JsonObject& value) const {
  if (!json.is_object()) wrong(key, "an object", json);
  value.json = json;
}

}  // namespace cvtool
