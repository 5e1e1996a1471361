// Flags from `fields(struct, visitor)`: each option is named once.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/fields.h"
#include "base/name_list.h"
#include "base/text.h"
#include "spec/augment_kinds.h"

namespace cvtool {

// Visitor that adds a flag for each field. A given flag sets the struct's member at once and is noted in `given`
// (where there is one) under its key, so that it can be laid over a recipe later. The struct and `given` must outlive
// the parsing.
class FlagBinder {
 public:
  FlagBinder(CLI::App& app, std::string group) : app_(app), group_(std::move(group)) {}
  FlagBinder(CLI::App& app, Json& given, std::string group) : app_(app), given_(&given), group_(std::move(group)) {}

  // The help also names these defaults, by key, where they are other ones: "; with --base: 10".
  FlagBinder& otherwise(Json values, std::string when) {
    other_ = std::move(values);
    when_ = std::move(when);
    return *this;
  }

  void operator()(const char* key, bool& value, const Doc& doc) {
    const std::string name = flag_name(key);
    auto set = [given = given_, key = std::string(key), target = &value](int64_t count) {
      *target = count > 0;
      if (given) (*given)[key] = *target;
    };
    const bool on = value;
    app_.add_flag_function("--" + name + ",!--no-" + name, set, doc.help + (on ? " (default: yes)" : ""))
        ->group(group_);
  }
  void operator()(const char* key, int64_t& value, const Doc& doc) { add(key, value, doc, "N"); }
  void operator()(const char* key, double& value, const Doc& doc) { add(key, value, doc, "X"); }
  void operator()(const char* key, std::string& value, const Doc& doc) {
    add(key, value, doc, doc.choices.empty() ? "TEXT" : "{" + join(doc.choices, "|") + "}");
  }
  void operator()(const char* key, std::vector<std::string>& value, const Doc& doc) { add(key, value, doc, "A,B,..."); }
  void operator()(const char* key, ImageSize& value, const Doc& doc) { add(key, value, doc, "N"); }
  void operator()(const char*, Json&, const Doc&) {}  // nets are written in recipes

 private:
  static std::string flag_name(std::string key) {
    for (char& c : key)
      if (c == '_') c = '-';
    return key;
  }

  template <class T>
  void add(const char* key, T& value, const Doc& doc, const std::string& type) {
    const Json shown = value;
    const std::string name = flag_name(key), initial = text_of(shown);
    auto set = [given = given_, key = std::string(key), name, target = &value, doc](const std::string& text) {
      const Json object{{name, json_from_flag(text, *target, "--" + name)}};
      JsonReader(object, "--")(name.c_str(), *target, doc);
      if (given) (*given)[key] = object[name];
    };
    const std::string names = "--" + name + (doc.aliases.empty() ? "" : "," + doc.aliases);
    const bool plain = initial == "[]" || initial.empty();
    const bool differs = other_.contains(key) && other_[key] != shown;
    const std::string other = differs ? "; " + when_ + ": " + text_of(other_[key]) : "";
    app_.add_option_function<std::string>(names, set, doc.help + (plain ? "" : " (default: " + initial + other + ")"))
        ->type_name(type)
        ->group(group_);
  }

  static std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

  static Json json_from_flag(const std::string& text, const std::string&, const std::string&) { return text; }
  static Json json_from_flag(const std::string& text, const std::vector<std::string>&, const std::string& flag) {
    return names_from_text(text, flag);
  }
  static Json json_from_flag(const std::string& text, const ImageSize&, const std::string& flag) {
    const ImageSize size = image_size_from_text(text, flag);
    return Json::array({size.height, size.width});
  }
  static Json json_from_flag(const std::string& text, const double&, const std::string& flag) {
    return number(text, flag);
  }
  static Json json_from_flag(const std::string& text, const int64_t&, const std::string& flag) {
    return number(text, flag);
  }

  static Json number(const std::string& text, const std::string& flag) {
    const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (value.is_number()) return value;
    // ".5" is not a JSON number, but people write it.
    const Json padded = Json::parse("0" + text, nullptr, false);
    if (!text.empty() && text[0] == '.' && padded.is_number()) return padded;
    throw UsageError(flag + ": '" + text + "' is not a number");
  }

  CLI::App& app_;
  Json* given_ = nullptr;
  std::string group_;
  Json other_ = Json::object();
  std::string when_;
};

// `--augment`. `list` becomes the resolved list where the flag is given; it must outlive the parsing.
inline void add_augment_flag(CLI::App& app, Json& list) {
  std::vector<std::string> names;
  for (const AugmentKind& kind : augment_kinds()) names.push_back(kind.short_name);
  const std::string help =
      "how training photos are varied, over the recipe's: NAME or NAME=STRENGTH, separated by commas, or none. "
      "Names: " +
      join(names, ", ");
  app.add_option_function<std::string>(
         "--augment", [&list](const std::string& text) { list = parse_augment_text(text); }, help)
      ->type_name("LIST");
}

// `--tta`. `plan` must outlive the parsing.
inline void add_tta_flag(CLI::App& app, TtaPlan& plan) {
  app.add_option_function<std::string>(
         "--tta", [&plan](const std::string& text) { plan = parse_tta_text(text); },
         "test-time augmentation, the mean of the probabilities of several looks at each photo: none, flip (as it is "
         "and "
         "mirrored) or a number of variants (default: none)")
      ->type_name("{none|flip|N}");
}

}  // namespace cvtool
