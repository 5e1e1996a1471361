#include "model/backbone_spec.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "model/tensor_names.h"

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

}  // namespace

std::vector<BackboneSpec> backbone_variants(const std::string& name) {
  const auto names = backbone_names();
  if (names.empty())
    throw Error("no backbones in " + specs_folder() +
                "; install cvtool again, or set CVTOOL_SHARE to its share/cvtool folder");
  if (std::find(names.begin(), names.end(), name) == names.end()) throw UsageError(unknown_word("base", name, names));
  const std::string path = specs_folder() + "/" + name + ".json";
  Json shared = json_from_file(path);
  if (!shared.is_object() || !shared.contains("variants") || !shared["variants"].is_object() ||
      shared["variants"].empty())
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

std::vector<OfficialWeights> official_weights(const BackboneChoice& choice) {
  const std::string place = "base " + choice.spec.name + ": weights.";
  std::vector<OfficialWeights> files;
  for (const Json& json : choice.spec.weights) {
    files.emplace_back();
    read_fields(json, place, files.back());
    files.back().url = fill_pattern(files.back().url, choice.parameters, place + "url: ");
  }
  return files;
}

std::string backbone_file_name(const BackboneChoice& choice) {
  return choice.spec.name + (choice.spec.is_default ? "" : "-" + choice.spec.variant) +
         changed_parameters(choice, /*as_flags=*/false);
}

std::vector<BackboneChoice> backbone_choices(const std::string& name) {
  std::vector<BackboneChoice> all;
  for (const BackboneSpec& spec : backbone_variants(name))
    for (BackboneChoice& choice : choices_of(spec)) all.push_back(std::move(choice));
  return all;
}

std::vector<std::string> backbone_file_names(const std::string& name) {
  std::vector<std::string> names;
  for (const BackboneChoice& choice : backbone_choices(name)) names.push_back(backbone_file_name(choice));
  return names;
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
  return std::nullopt;
}

std::string import_commands(const BackboneChoice& choice) {
  const std::string command = "  cvtool import " + choice.spec.name +
                              (choice.spec.is_default ? "" : " --variant " + choice.spec.variant) +
                              changed_parameters(choice, /*as_flags=*/true);
  const auto files = official_weights(choice);
  if (files.empty()) return command + " --weights FILE";
  const OfficialWeights& file = files.front();
  const std::string with_file = command + " --weights " + std::filesystem::path(file.url).filename().string();
  const std::string where = "fetch " + file.url + " (" + file.size + ")";
  if (file.sha256.empty()) return "  " + where + ", then\n" + with_file;
  return command + "\nor, where the network cannot be reached, " + where + " elsewhere, then\n" + with_file;
}

}  // namespace cvtool
