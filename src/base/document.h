// Reading back a JSON document that cvtool wrote, and that anybody may have changed or cut since. Its keys are named
// once, in a function `fields(Struct&, DocumentReader&)`:
//
//   void fields(StoredMetrics& m, DocumentReader& visit) {
//     visit("count", m.count, kRequired);
//     visit("loss", m.loss);
//   }
//
// Members may be bool, int64_t, double, std::string, ImageSize, Json (of any kind), JsonObject, structs with fields,
// and std::optional (null, or missing), std::vector and Keyed of all of these. Keys that are not named are passed over.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fields.h"

namespace cvtool {

enum class Presence { kOptional, kRequired };
constexpr Presence kRequired = Presence::kRequired;

// An object that is kept as it is.
struct JsonObject {
  Json json = Json::object();
};

class DocumentReader {
 public:
  // `place` begins every message and ends so that a key can follow it: "FILE: ". Throws UsageError, as all of this
  // does, where `json` is not an object, a key is missing, or its value is of another type.
  DocumentReader(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object()) wrong("", "an object {...}", json);
  }

  template <class T>
  void operator()(const std::string& key, T& value, Presence presence = Presence::kOptional) {
    const auto found = json_.find(key);
    if (found != json_.end()) return read(key, *found, value);
    if (presence == Presence::kRequired) throw UsageError(place_ + "'" + key + "' is missing");
  }

 private:
  [[noreturn]] void wrong(const std::string& key, const std::string& expected, const Json& got) const;

  void read(const std::string& key, const Json& json, bool& value) const;
  void read(const std::string& key, const Json& json, int64_t& value) const;
  void read(const std::string& key, const Json& json, double& value) const;
  void read(const std::string& key, const Json& json, std::string& value) const;
  void read(const std::string& key, const Json& json, ImageSize& value) const;
  void read(const std::string&, const Json& json, Json& value) const { value = json; }
  void read(const std::string& key, const Json& json, JsonObject& value) const;

  template <class T>
  void read(const std::string& key, const Json& json, std::optional<T>& value) const {
    if (json.is_null()) return value.reset();
    read(key, json, value.emplace());
  }
  template <class T>
  void read(const std::string& key, const Json& json, std::vector<T>& value) const {
    if (!json.is_array()) wrong(key, "a list", json);
    value.clear();
    for (size_t i = 0; i < json.size(); ++i) read(key + "[" + std::to_string(i) + "]", json[i], value.emplace_back());
  }
  template <class T>
  void read(const std::string& key, const Json& json, Keyed<T>& value) const {
    if (!json.is_object()) wrong(key, "an object", json);
    value.clear();
    for (const auto& [name, item] : json.items()) read(key + "." + name, item, value.emplace_back(name, T()).second);
  }
  template <class Struct>
  auto read(const std::string& key, const Json& json, Struct& value) const
      -> decltype(fields(value, std::declval<DocumentReader&>())) {
    DocumentReader inner(json, place_ + key + ".");
    fields(value, inner);
  }

  const Json& json_;
  std::string place_;
};

// The document of `path`, or the part of it that `place` names ("FILE: cvtool.json"). Throws Error naming file and key,
// ending with `next_step`.
template <class Struct>
Struct read_document(const Json& json, const std::string& place, const std::string& next_step) {
  try {
    Struct value;
    DocumentReader reader(json, place + ": ");
    fields(value, reader);
    return value;
  } catch (const UsageError& error) {
    throw Error(std::string(error.what()) + "; " + next_step);
  }
}

}  // namespace cvtool
