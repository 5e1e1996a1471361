#include "spec/recipe.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "spec/augment_kinds.h"

namespace cvtool {
namespace {

struct RecipeSections {
  std::string name, description;
  bool orientation_sensitive = false;
  Json data = Json::object(), augment = Json::array(), model = Json(), train = Json::object(),
       transfer = Json::object(), run = Json();
};
template <class Visitor>
void fields(RecipeSections& c, Visitor&& visit) {
  visit("name", c.name, Doc("what the recipe is called"));
  visit("description", c.description, Doc("one line for people"));
  visit("orientation_sensitive", c.orientation_sensitive, Doc("mirroring or turning a photo changes its class"));
  visit("data", c.data, Doc("how photos become tensors and are split"));
  visit("augment", c.augment, Doc("how training photos are varied, in this order"));
  visit("model", c.model, Doc("the net"));
  visit("train", c.train, Doc("how it is trained"));
  visit("transfer", c.transfer, Doc("how a pretrained backbone is used"));
  visit("run", c.run, Doc("what the command that wrote the file ran on; not read"));
}

std::string recipes_folder() { return share_folder() + "/models/recipes"; }

// Layers that were written as a whole net make no head.
void override_model(const Json& overrides, Recipe& recipe) {
  const bool had_backbone = !recipe.model.value("base", "").empty();
  if (overrides.contains("base") && !had_backbone && !overrides.contains("layers"))
    throw UsageError(
        "--base: the recipe " + recipe.name +
        " is a whole net; say what stands behind the backbone with --head, such as --head global_avg,dense");
  if (overrides.contains("layers") && !had_backbone && !overrides.contains("base"))
    throw UsageError("--head: the recipe " + recipe.name +
                     " has no backbone; name one with --base, or write the net in a recipe");
  // Blocks and scaling belong to the layers that were replaced.
  if (overrides.contains("base") && !had_backbone) recipe.model = Json::object();
  for (const auto& [key, value] : overrides.items()) recipe.model[key] = value;
}

void check_orientation(const Recipe& recipe) {
  const auto kinds = orientation_changes(recipe.augment);
  if (!recipe.orientation_sensitive || kinds.empty()) return;
  throw UsageError(
      "augment: " + join(kinds, ", ") +
      " mirrors or turns photos, and the recipe's orientation_sensitive says that this changes their class; "
      "leave it out, such as with --augment none, or set that key to false");
}

void check_colour(const Recipe& recipe) {
  const auto kinds = colour_changes(recipe.augment);
  if (recipe.data.channels != 1 || kinds.empty()) return;
  throw UsageError("augment: " + join(kinds, ", ") +
                   " changes colours, and with data.channels 1 photos are grey; leave it out, or set channels to 3");
}

}  // namespace

void override_recipe(const Json& overrides, Recipe& recipe) {
  if (overrides.contains("data")) read_fields(overrides["data"], "--", recipe.data);
  if (overrides.contains("augment")) recipe.augment = resolve_augment(overrides["augment"], "--augment");
  if (overrides.contains("train")) read_fields(overrides["train"], "--", recipe.train);
  if (overrides.contains("transfer")) read_fields(overrides["transfer"], "--", recipe.transfer);
  override_model(overrides.value("model", Json::object()), recipe);
  check_orientation(recipe);
  check_colour(recipe);
}

bool is_path(const std::string& text) { return text.find('/') != std::string::npos || ends_with(text, ".json"); }

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(recipes_folder(), error))
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

Recipe recipe_from_json(const Json& json, const std::string& place) {
  RecipeSections sections;
  read_fields(json, place, sections);
  Recipe recipe;
  recipe.name = sections.name;
  recipe.description = sections.description;
  recipe.orientation_sensitive = sections.orientation_sensitive;
  read_fields(sections.data, place + "data.", recipe.data);
  read_fields(sections.train, place + "train.", recipe.train);
  read_fields(sections.transfer, place + "transfer.", recipe.transfer);
  recipe.augment = resolve_augment(sections.augment, place + "augment");
  if (!sections.model.is_object()) throw UsageError(place + "model: must be given, an object with \"layers\"");
  recipe.model = sections.model;
  return recipe;
}

Json recipe_to_json(const Recipe& recipe) {
  RecipeSections sections{recipe.name, recipe.description, recipe.orientation_sensitive};
  sections.augment = recipe.augment;
  sections.model = recipe.model;
  write_fields(recipe.data, sections.data);
  write_fields(recipe.train, sections.train);
  write_fields(recipe.transfer, sections.transfer);
  Json json;
  write_fields(sections, json);
  json.erase("run");
  return json;
}

ImageSize input_size(const Recipe& recipe) { return size_after_augment(recipe.augment, recipe.data.imgsz); }

Json input_size_json(const Recipe& recipe) { return input_size(recipe); }

Recipe load_recipe(const std::string& name_or_path, const Json& overrides) {
  std::string path = name_or_path;
  if (!is_path(name_or_path)) {
    const auto names = recipe_names();
    if (names.empty())
      throw Error("no recipes in " + recipes_folder() +
                  "; install cvtool again, or set CVTOOL_SHARE to its share/cvtool folder");
    if (std::find(names.begin(), names.end(), name_or_path) == names.end())
      throw UsageError("--recipe: " + unknown_word("recipe", name_or_path, names));
    path = recipes_folder() + "/" + name_or_path + ".json";
  } else if (!std::filesystem::exists(path)) {
    throw UsageError("--recipe " + path + ": there is no such file");
  }
  Recipe recipe = recipe_from_json(json_from_file(path), "recipe " + path + ": ");
  if (recipe.name.empty()) recipe.name = std::filesystem::path(path).stem().string();
  override_recipe(overrides, recipe);
  return recipe;
}

}  // namespace cvtool
