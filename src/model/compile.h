// Net spec (the `model` section of a recipe) -> TorchScript.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "base/fields.h"
#include "model/layer.h"
#include "spec/summary_result.h"

namespace cvtool {

// The keys of a net spec at their defaults.
struct NetSpec {
  std::string backbone;
  Json preprocess = Json();
  Json parameters = Json::object();
  Json layers = Json();
  Json blocks = Json();
};
template <class Visitor>
void fields(NetSpec& c, Visitor&& visit) {
  visit(
      "base", c.backbone,
      Doc("a pretrained backbone before the layers: the name of an imported one, or a TorchScript file; empty: none"));
  visit("preprocess", c.preprocess,
        Doc("none, unit, symmetric, imagenet, caffe, or an object with the keys of rescale; null: what the backbone "
            "wants, "
            "unit without one"));
  visit("parameters", c.parameters, Doc("names and values that \"$name\" stands for in layers and blocks"));
  visit("layers", c.layers, Doc("the layers behind the backbone, or from input to output"));
  visit("blocks", c.blocks, Doc("named groups of layers: {NAME: {\"parameters\": {...}, \"layers\": [...]}}"));
}

struct Base;
struct Recipe;

// What a net is compiled for.
struct NetTarget {
  ImageSize imgsz;
  int64_t classes = 2;
  uint64_t seed = 42;  // of the initial weights
  // As version 0.1.0 did: each of several sigmoid units gives a probability by itself, and there are no `sigmoids`.
  bool independent_units = false;
  double most_weights = 1e18;  // of the whole net, where it comes from somewhere else
  int64_t channels = 3;        // of the input, 3 or 1
};

// Of the net of a recipe.
NetTarget net_target(const Recipe& recipe, int64_t classes);

struct Net {
  // preprocess, base (where there is one) and head as submodules; forward(x) -> probabilities [N,K] f32, logits(x) ->
  // [N,units] f32, and probabilities(logits) [N,K] is p and 1-p of one unit, the softmax of several; x is RGB or grey
  // 0..255, u8 or f32, [N,C,H,W] with the target's channels. The logits are what the head gives divided by the
  // attribute `temperature` (a float). Where the last layer has several sigmoid units, sigmoids(x) [N,K] f32 is the
  // sigmoid of what the head gives. On the CPU.
  torch::jit::Module module;
  std::vector<SummaryRow> rows;
  int64_t units = 0;
  std::string activation;  // of the last layer: "softmax" or "sigmoid"
  Json backbone;           // null without a backbone; else what is known of it: see Base::info
};

// Compiles the spec. `base` is taken instead of opening the one that the spec names. Throws UsageError naming layer,
// input shape and reason: an unknown key or kind, a window that does not fit, a last layer that does not match the
// number of classes.
Net compile_net(const Json& spec, const NetTarget& target, const Base* base = nullptr);

// Layers without a head.
struct BackboneNet {
  // forward: [N,3,H,W] f32, preprocessed -> features f32, a straight chain of its children; of every size that the
  // windows fit, not of the target's alone. On the CPU.
  torch::jit::Module module;
  std::vector<SummaryRow> rows;  // at the target's size
  Shape output;                  // at the target's size
};

// Compiles the layers of a net spec. `classes` of the target is not used. Throws UsageError as compile_net does.
BackboneNet compile_backbone(const Json& spec, const NetTarget& target);

// The words that `preprocess` accepts, and the rescale spec each stands for.
const std::vector<std::pair<std::string, Json>>& preprocess_words();

// The table of a net that model files keep and `summary` shows.
LayerTable layer_table(const std::vector<SummaryRow>& rows);

}  // namespace cvtool
