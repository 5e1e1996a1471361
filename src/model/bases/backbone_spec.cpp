#include "model/bases/backbone_spec.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace cvtool {
namespace {

std::string specs_folder() { return share_folder() + "/models/bases"; }

BackboneSpec variant_of(const Json& shared, const std::string& variant, const Json& own, const std::string& place) {
  Json merged = shared;
  merged.update(own, /*merge_objects=*/true);
  BackboneSpec spec;
  read_fields(merged, place + "variants." + variant + ": ", spec);
  spec.variant = variant;
  return spec;
}

// A spec as its file has it, laid over the one that it is like.
Json spec_json(const std::string& name, int depth = 0) {
  const std::string path = specs_folder() + "/" + name + ".json";
  Json json = json_from_file(path);
  if (!json.is_object()) throw UsageError("base " + path + ": must be a JSON object {...}");
  const Json like = json.value("like", Json(""));
  if (like == "") return json;
  const auto names = backbone_names();
  if (!like.is_string() || std::find(names.begin(), names.end(), like.get<std::string>()) == names.end())
    throw UsageError("base " + path + ": like: must be another backbone, not " + like.dump());
  constexpr int kMostLike = 5;
  if (depth > kMostLike) throw UsageError("base " + path + ": like: more than five specs in a row are like each other");
  Json laid = spec_json(like.get<std::string>(), depth + 1);
  laid.update(json, /*merge_objects=*/true);
  return laid;
}

// Every combination of the values that a variant comes in.
std::vector<BackboneChoice> choices_of(const BackboneSpec& spec) {
  std::vector<BackboneChoice> choices{{spec}};
  for (const auto& [name, values] : spec.choices.items()) {
    std::vector<BackboneChoice> longer;
    for (const BackboneChoice& choice : choices)
      for (const Json& value : values) {
        longer.push_back(choice);
        longer.back().parameters[name] = value;
      }
    choices = std::move(longer);
  }
  return choices;
}

// "--alpha 0.35", or "-0.35" for a file name, for each parameter that is not at its default.
std::string changed_parameters(const BackboneChoice& choice, bool as_flags) {
  std::string text;
  for (const auto& [name, value] : choice.parameters.items())
    if (value != choice.spec.choices.at(name).at(0)) text += (as_flags ? " --" + name + " " : "-") + value.dump();
  return text;
}

bool is_of(const WeightEntry& entry, const BackboneChoice& choice) {
  Json parameters = choice.parameters;
  for (const auto& [name, values] : choice.spec.choices.items()) parameters[name] = values.at(0);
  parameters.update(entry.parameters);
  return entry.base == choice.spec.name && entry.variant == choice.spec.variant && parameters == choice.parameters;
}

}  // namespace

std::vector<BackboneSpec> backbone_variants(const std::string& name) {
  const auto names = backbone_names();
  if (names.empty())
    throw Error("no backbones in " + specs_folder() +
                "; install cvtool again, or set CVTOOL_SHARE to its share/cvtool folder");
  if (std::find(names.begin(), names.end(), name) == names.end()) throw UsageError(unknown_word("base", name, names));
  const std::string path = specs_folder() + "/" + name + ".json";
  Json shared = spec_json(name);
  if (!shared.contains("variants") || !shared["variants"].is_object() || shared["variants"].empty())
    throw UsageError("base " + path + ": variants: must be given, {NAME: {...}}");
  const Json variants = shared["variants"];
  shared.erase("variants");
  std::vector<BackboneSpec> specs;
  for (const auto& [variant, own] : variants.items()) {
    specs.push_back(variant_of(shared, variant, own, "base " + path + ": "));
    specs.back().is_default = specs.size() == 1;
  }
  return specs;
}

std::vector<WeightEntry> official_weights(const BackboneChoice& choice) {
  std::vector<WeightEntry> found;
  for (WeightEntry& entry : weight_table().entries)
    if (is_of(entry, choice) && (choice.weights.empty() || choice.weights == entry.name))
      found.push_back(std::move(entry));
  return found;
}

std::string backbone_file_name(const BackboneChoice& choice) {
  if (!choice.weights.empty()) return choice.weights;
  return choice.spec.name + (choice.spec.is_default ? "" : "-" + choice.spec.variant) +
         changed_parameters(choice, /*as_flags=*/false);
}

std::vector<BackboneChoice> backbone_choices(const std::string& name) {
  std::vector<BackboneChoice> all;
  for (const BackboneSpec& spec : backbone_variants(name))
    for (BackboneChoice& choice : choices_of(spec)) all.push_back(std::move(choice));
  return all;
}

Json chosen_net(const BackboneChoice& choice) {
  Json net = choice.spec.model;
  net["parameters"].update(choice.parameters);
  return net;
}

std::optional<BackboneChoice> choice_of_file_name(const std::string& name) {
  for (const std::string& backbone : backbone_names())
    if (starts_with(name, backbone))
      for (const BackboneChoice& choice : backbone_choices(backbone))
        if (backbone_file_name(choice) == name) return choice;
  const auto names = backbone_names();
  for (const WeightEntry& entry : weight_table().entries)
    if (entry.name == name && std::find(names.begin(), names.end(), entry.base) != names.end())
      for (BackboneChoice choice : backbone_choices(entry.base))
        if (is_of(entry, choice)) {
          choice.weights = name;
          return choice;
        }
  return std::nullopt;
}

std::string import_commands(const BackboneChoice& choice) {
  const std::string name = choice.weights.empty() ? choice.spec.name : choice.weights;
  const bool tell = choice.weights.empty();
  const std::string command = "  cvtool import " + name +
                              (choice.spec.is_default || !tell ? "" : " --variant " + choice.spec.variant) +
                              (tell ? changed_parameters(choice, /*as_flags=*/true) : "");
  const auto files = official_weights(choice);
  if (files.empty()) return command + " --weights FILE";
  const WeightEntry& file = files.front();
  const std::string with_file = command + " --weights " + std::filesystem::path(file.url).filename().string();
  const std::string where = "fetch " + file.url + (file.size.empty() ? "" : " (" + file.size + ")");
  if (!file.can_be_fetched()) return "  " + where + ", then\n" + with_file;
  return command + "\nor, where the network cannot be reached, " + where + " elsewhere, then\n" + with_file;
}

}  // namespace cvtool
