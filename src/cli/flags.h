// Flags from `fields(struct, visitor)`: each option is named once.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/fields.h"
#include "base/name_list.h"
#include "base/text.h"
#include "cli/command_app.h"
#include "spec/augment_kinds.h"
#include "spec/drift_request.h"

namespace cvtool {

// Throws UsageError where it is none.
inline Json number_from_flag(const std::string& text, const std::string& flag) {
  const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_number()) return value;
  // ".5" is not a JSON number, but people write it.
  const Json padded = Json::parse("0" + text, nullptr, false);
  if (!text.empty() && text[0] == '.' && padded.is_number()) return padded;
  throw UsageError(flag + ": '" + text + "' is not a number");
}

// Visitor that adds a flag for each field. A given flag sets the struct's member at once and is noted in `given`
// (where there is one) under its key, so that it can be laid over a recipe later. The struct and `given` must outlive
// the parsing.
class FlagBinder {
 public:
  FlagBinder(CommandApp& app, std::string group) : app_(app), group_(std::move(group)) {}
  FlagBinder(CommandApp& app, Json& given, std::string group) : app_(app), given_(&given), group_(std::move(group)) {}

  // With these values, by key, training takes a pretrained backbone; without one the struct's own.
  FlagBinder& on_a_backbone(Json values) {
    on_backbone_ = std::move(values);
    return *this;
  }

  void operator()(const char* key, bool& value, const Doc& doc) {
    const std::string name = flag_name(key);
    auto set = [given = given_, key = std::string(key), target = &value](int64_t count) {
      *target = count > 0;
      if (given) (*given)[key] = *target;
    };
    app_.add_flag_function("--" + name + ",!--no-" + name, set, doc.help + " (default: " + (value ? "yes" : "no") + ")")
        ->group(group_);
  }
  void operator()(const char* key, int64_t& value, const Doc& doc) {
    add(key, value, doc, doc.allowed_numbers.empty() ? "N" : numbers_text(doc.allowed_numbers, "|"));
  }
  void operator()(const char* key, double& value, const Doc& doc) { add(key, value, doc, "X"); }
  void operator()(const char* key, std::string& value, const Doc& doc) {
    add(key, value, doc, doc.choices.empty() ? "TEXT" : join(doc.choices, "|"));
  }
  void operator()(const char* key, std::vector<std::string>& value, const Doc& doc) { add(key, value, doc, "A,B,..."); }
  void operator()(const char* key, ImageSize& value, const Doc& doc) { add(key, value, doc, "N|HxW"); }
  void operator()(const char*, Json&, const Doc&) {}  // nets are written in recipes

 private:
  static std::string flag_name(std::string key) {
    for (char& c : key)
      if (c == '_') c = '-';
    return key;
  }

  template <class T>
  void add(const char* key, T& value, const Doc& doc, const std::string& type) {
    const std::string name = flag_name(key);
    auto set = [given = given_, key = std::string(key), name, target = &value, doc](const std::string& text) {
      const Json object{{name, json_from_flag(text, *target, "--" + name)}};
      JsonReader(object, "--")(name.c_str(), *target, doc);
      if (given) (*given)[key] = object[name];
    };
    const std::string names = "--" + name + (doc.aliases.empty() ? "" : "," + doc.aliases);
    app_.add_option_function<std::string>(names, set, text_of(key, value, doc))
        ->type_name(doc.placeholder.empty() ? type : doc.placeholder)
        ->group(group_);
  }

  // What the flag does, what a special value of it means, and what it is where it is not given.
  std::string text_of(const char* key, const Json& value, const Doc& doc) const {
    const std::string fallback = default_text(value, doc);
    std::string text = doc.help, other = fallback;
    if (on_backbone_.contains(key)) other = default_text(on_backbone_[key], doc);
    const bool told = fallback.find(doc.meaning) != std::string::npos || other.find(doc.meaning) != std::string::npos;
    if (!doc.special.empty() && !told) text += "; " + doc.special + " = " + doc.meaning;
    if (other != fallback) return text + " (default: " + fallback + ", on a backbone " + other + ")";
    return text + (fallback.empty() ? "" : " (default: " + fallback + ")");
  }

  static std::string default_text(const Json& value, const Doc& doc) {
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (value.is_number_float()) text = number_text(value.get<double>());
    if (value.empty() || text.empty()) return doc.special == "empty" ? doc.meaning : "";
    return !doc.special.empty() && text == doc.special ? text + " = " + doc.meaning : text;
  }

  static Json json_from_flag(const std::string& text, const std::string&, const std::string&) { return text; }
  static Json json_from_flag(const std::string& text, const std::vector<std::string>&, const std::string& flag) {
    return names_from_text(text, flag);
  }
  static Json json_from_flag(const std::string& text, const ImageSize&, const std::string& flag) {
    const ImageSize size = image_size_from_text(text, flag);
    return Json::array({size.height, size.width});
  }
  static Json json_from_flag(const std::string& text, const double&, const std::string& flag) {
    return number_from_flag(text, flag);
  }
  static Json json_from_flag(const std::string& text, const int64_t&, const std::string& flag) {
    return number_from_flag(text, flag);
  }

  CommandApp& app_;
  Json* given_ = nullptr;
  std::string group_;
  Json on_backbone_ = Json::object();
};

// A flag for a share above 0 and below 1, which may be left out. `share` must outlive the parsing.
inline CLI::Option* add_share_flag(CommandApp& app, const std::string& flag, std::optional<double>& share,
                                   const std::string& help) {
  return app.add_option_function<std::string>(
      flag,
      [flag, &share](const std::string& text) {
        const std::string key = flag.substr(2);
        double value = 0;
        JsonReader({{key, number_from_flag(text, flag)}}, "--")(key.c_str(), value,
                                                                Doc("").range(0, 1).above_low().below_high());
        share = value;
      },
      help);
}

// `--augment`. `list` becomes the resolved list where the flag is given; it must outlive the parsing. `fallback` says
// what is done without it.
inline void add_augment_flag(CommandApp& app, Json& list, const std::string& fallback) {
  std::vector<std::string> names;
  for (const AugmentKind& kind : augment_kinds()) names.push_back(kind.short_name);
  const std::string help =
      "how training photos are varied, such as flip,rotation=0.1, or none; names: " + join(names, ", ") +
      " (default: " + fallback + ")";
  app.add_option_function<std::string>(
         "--augment", [&list](const std::string& text) { list = parse_augment_text(text); }, help)
      ->type_name("STEPS,...");
}

// `--tta`. `plan` must outlive the parsing.
inline void add_tta_flag(CommandApp& app, TtaPlan& plan) {
  app.add_option_function<std::string>(
         "--tta", [&plan](const std::string& text) { plan = parse_tta_text(text); },
         "the mean of the probabilities of several looks at each photo (test-time augmentation); flip: as it is and "
         "mirrored, N: so many variants (default: none)")
      ->type_name("none|flip|N");
}

// What of photos is compared; without --model as `by.base` is.
inline void add_compared_by(CommandApp& app, ComparedBy& by) {
  auto* base = app.add_option("--base", by.base,
                              "compare what a pretrained backbone sees; auto: one that lies ready, nothing is fetched; "
                              "none: size, light, colour and sharpness; else the name of an imported one or a "
                              "TorchScript file (default: " +
                                  by.base + ")")
                   ->type_name("auto|none|BASE");
  app.add_option("--model", by.model, "compare what a run or model file sees")->type_name("RUN")->excludes(base);
}

// `--model` of the commands that use one.
inline void add_model_flag(CommandApp& app, std::string& model, const std::string& what = "run or model file") {
  app.add_option("--model", model, what + " (default: runs/latest)")->type_name("RUN");
}

}  // namespace cvtool
