// Backbones of models/bases with drawn weights, and models on them, as a training leaves them.
#pragma once

#include <ATen/ATen.h>
#include <torch/script.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/bases/backbone_file.h"
#include "model/bases/backbone_import.h"
#include "model/model_file.h"
#include "scratch.h"
#include "spec/recipe.h"

namespace cvtool {

// While it lives, bases are looked for in its folder first, and there are none elsewhere.
class BasesFolder {
 public:
  BasesFolder() {
    ::setenv("CVTOOL_BASES", folder.path().c_str(), 1);
    ::setenv("XDG_DATA_HOME", (folder / "nowhere").c_str(), 1);
  }
  ~BasesFolder() {
    ::unsetenv("CVTOOL_BASES");
    data_home_.empty() ? ::unsetenv("XDG_DATA_HOME") : ::setenv("XDG_DATA_HOME", data_home_.c_str(), 1);
  }
  const Scratch folder;

 private:
  const std::string data_home_ = std::getenv("XDG_DATA_HOME") ? std::getenv("XDG_DATA_HOME") : "";
};

// Every number that is not at its start: batch norm's statistics above all.
inline void draw_buffers(const torch::jit::Module& module) {
  const at::NoGradGuard no_grad;
  at::manual_seed(11);
  for (at::Tensor buffer : module.buffers())
    if (buffer.is_floating_point()) buffer.uniform_(0.5, 1.5);
}

// As cvtool import writes it, into the folder. `change` may edit what it says of itself.
template <class Change>
void write_base(const BasesFolder& bases, const BackboneChoice& choice, const Change& change) {
  const BackboneNet net = compile_choice(choice);
  draw_buffers(net.module);
  BackboneFile file{net.module,
                    {{"format", kBackboneFormat},
                     {"kind", "base"},
                     {"name", choice.spec.name},
                     {"preprocess", choice.spec.model.value("preprocess", Json("unit"))},
                     {"imgsz", choice.spec.imgsz},
                     {"licence", choice.spec.licence},
                     {"net", chosen_net(choice)}}};
  change(file.info);
  save_backbone(bases.folder / (backbone_file_name(choice) + ".pt"), file);
}

inline Recipe recipe_at(const std::string& name, int64_t side) {
  Json overrides{{"data", {{"imgsz", side}}}};
  Recipe recipe = load_recipe(name, overrides);
  recipe.data.classes = {"Car", "Truck"};
  return recipe;
}

inline ModelFile untrained_model(const Recipe& recipe) {
  const Net net = compile_net(recipe.model, {input_size(recipe), 2, static_cast<uint64_t>(recipe.train.seed)});
  ModelFile model;
  model.module = net.module;
  model.module.eval();
  draw_buffers(model.module.attr("head").toModule());
  model.info = {
      {"format", kModelFormat},           {"classes", recipe.data.classes}, {"imgsz", input_size_json(recipe)},
      {"recipe", recipe_to_json(recipe)}, {"base", net.backbone},           {"summary", layer_table(net.rows)}};
  at::manual_seed(3);
  add_golden_sample(model, at::randint(256, {1, 3, input_size(recipe).height, input_size(recipe).width}, at::kByte));
  return model;
}

// The same net at the smallest size that it takes.
inline ModelFile smallest_model(const std::string& recipe) {
  for (const int64_t side : {32, 64, 128}) try {
      return untrained_model(recipe_at(recipe, side));
    } catch (const UsageError&) {
      continue;
    }
  return untrained_model(load_recipe(recipe, Json::object()));
}

}  // namespace cvtool
