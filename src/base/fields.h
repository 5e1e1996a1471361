// Each option is named once: a function `fields(struct, visitor)` calls `visitor(key, member, Doc(...))` for
// every member. JSON in, JSON out, flags, help and the unknown-key error are all visitors of it.
//
//   template <class Visitor>
//   void fields(TrainConfig& c, Visitor&& visit) {
//     visit("epochs", c.epochs, Doc("passes over the training photos").range(1, 1e6));
//   }
//
// Members may be bool, int64_t, double, std::string, std::vector<std::string>, ImageSize or Json (kept as it is).
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace cvtool {

struct ImageSize {
  int64_t height = 0;
  int64_t width = 0;
};
inline bool operator==(const ImageSize& a, const ImageSize& b) { return a.height == b.height && a.width == b.width; }

// What is known of one field beside its type and default.
struct Doc {
  explicit Doc(std::string text) : help(std::move(text)) {}
  Doc& range(double from, double to) {
    low = from, high = to;
    return *this;
  }
  // An end of the range that is not part of it.
  Doc& above_low() {
    low_excluded = true;
    return *this;
  }
  Doc& below_high() {
    high_excluded = true;
    return *this;
  }
  // Of an integer: these and no others.
  Doc& numbers(std::vector<int64_t> allowed) {
    allowed_numbers = std::move(allowed);
    return *this;
  }
  Doc& words(std::vector<std::string> allowed) {
    choices = std::move(allowed);
    return *this;
  }
  Doc& alias(std::string flags) {
    aliases = std::move(flags);
    return *this;
  }
  // What the value stands for: means("0", "none"). "empty" is the empty text or list.
  Doc& means(std::string value, std::string what) {
    special = std::move(value), meaning = std::move(what);
    return *this;
  }
  // What the help calls the flag's value: "MINUTES" (see cli/help/values.h).
  Doc& takes(std::string value) {
    placeholder = std::move(value);
    return *this;
  }

  std::string help;  // up to the first semicolon it is enough for a short help
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_excluded = false, high_excluded = false;  // else both ends are allowed
  std::vector<std::string> choices;                  // of a string; empty = any
  std::vector<int64_t> allowed_numbers;              // of an integer; empty = any
  std::string aliases;                               // further flags, "-b,--batch-size"
  std::string special, meaning;                      // see means(); empty: no value is special
  std::string placeholder;                           // see takes(); empty: by the member's type
};

// Reads members from a JSON object. `place` is put before each key in messages ("recipe x.json: train.").
// All throw UsageError: a value of the wrong type, out of range, an unknown word, and in finish() an unknown key.
class JsonReader {
 public:
  JsonReader(const Json& object, std::string place);
  void operator()(const char* key, bool& value, const Doc& doc);
  void operator()(const char* key, int64_t& value, const Doc& doc);
  void operator()(const char* key, double& value, const Doc& doc);
  void operator()(const char* key, std::string& value, const Doc& doc);
  void operator()(const char* key, std::vector<std::string>& value, const Doc& doc);
  void operator()(const char* key, ImageSize& value, const Doc& doc);
  void operator()(const char* key, Json& value, const Doc& doc);
  // A key that is read elsewhere ("kind" of a layer).
  void also_known(const char* key) { known_.push_back(key); }
  void finish() const;

 private:
  const Json* find(const char* key);
  [[noreturn]] void wrong(const char* key, const std::string& expected, const Json& got) const;
  void check_range(const char* key, double value, const Doc& doc) const;

  const Json& object_;
  std::string place_;
  std::vector<std::string> known_;
};

// A JSON object whose keys are data (names of classes), in their order.
template <class T>
struct Keyed : std::vector<std::pair<std::string, T>> {
  using std::vector<std::pair<std::string, T>>::vector;
};

// Writes members into a JSON object, in the order of `fields`. What is only ever written (results) has a function
// `fields(const Struct&, JsonWriter&)`, needs no Doc, and may have members of every type that Json takes, structs with
// fields, lists of them, Keyed and std::optional (none: null) among them.
class JsonWriter {
 public:
  explicit JsonWriter(Json& object) : object_(object) {}
  template <class T>
  void operator()(const char* key, const T& value) {
    object_[key] = value;
  }
  template <class T>
  void operator()(const char* key, const std::optional<T>& value) {
    object_[key] = value ? Json(*value) : Json();
  }
  template <class T>
  void operator()(const char* key, const T& value, const Doc&) {
    object_[key] = value;
  }

 private:
  Json& object_;
};

// "1|3", with `between` "|".
std::string numbers_text(const std::vector<int64_t>& numbers, const std::string& between);

// "128" or "128x96" (height x width), or their JSON forms 128 and [128, 96]. Throws UsageError naming `place`.
ImageSize image_size_from_text(const std::string& text, const std::string& place);
std::string image_size_text(const ImageSize& size);

// Overwrites the members that `object` names; leaves the others.
template <class Struct>
void read_fields(const Json& object, const std::string& place, Struct& target) {
  JsonReader reader(object, place);
  fields(target, reader);
  reader.finish();
}

template <class Struct>
void write_fields(const Struct& source, Json& object) {
  JsonWriter writer(object);
  fields(const_cast<Struct&>(source), writer);  // the writer takes its values by const reference
}

// So that Json(value) is the object of any struct of this namespace with fields.
template <class Struct>
auto to_json(Json& json, const Struct& source)
    -> decltype(fields(const_cast<Struct&>(source), std::declval<JsonWriter&>())) {
  write_fields(source, json);
}
template <class T>
void to_json(Json& json, const Keyed<T>& source) {
  json = Json::object();
  for (const auto& [key, value] : source) json[key] = value;
}
void to_json(Json& json, const ImageSize& size);  // N, or [height, width]

}  // namespace cvtool
