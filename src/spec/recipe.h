// A recipe: data settings, net and training in one JSON file under models/recipes/, or a file of the user's.
#pragma once

#include <nlohmann/json.hpp>

#include "spec/data_config.h"
#include "spec/train_config.h"

namespace cvtool {

// The recipe of `cvtool train --data DIR` alone.
constexpr const char* kDefaultRecipe = "small-resnet";

struct Recipe {
  std::string name, description;
  DataConfig data;
  bool orientation_sensitive = false;  // mirroring or turning a photo changes its class
  Json augment = Json::array();        // resolved: see resolve_augment
  Json model;                          // see NetSpec
  TrainConfig train;
  TransferConfig transfer;
};

// The recipe of `cvtool train --data DIR --base BASE`: its backbone is the one that is named.
constexpr const char* kDefaultTransferRecipe = "transfer";

// Finds and reads a recipe by name ("car-or-truck-convnet") or path (with a '/' or ending in .json) and applies
// `overrides` {"data": {...}, "augment": ..., "model": {...}, "train": {...}, "transfer": {...}}; of the model, "base",
// "preprocess" and "layers". Throws UsageError naming file and key, and the nearest name.
Recipe load_recipe(const std::string& name_or_path, const Json& overrides);

// Lays `overrides`, as load_recipe takes them, over a recipe.
void override_recipe(const Json& overrides, Recipe& recipe);
// The size of the net's input: data.imgsz, or what random_crop makes of it.
ImageSize input_size(const Recipe& recipe);
Json input_size_json(const Recipe& recipe);  // N or [height, width]

// The recipe from its JSON; `place` starts the error messages ("recipe x.json: ").
Recipe recipe_from_json(const Json& json, const std::string& place);
Json recipe_to_json(const Recipe& recipe);

// Names of the installed recipes, sorted.
std::vector<std::string> recipe_names();

// True when `text` names a file rather than an installed recipe.
bool is_path(const std::string& text);

}  // namespace cvtool
