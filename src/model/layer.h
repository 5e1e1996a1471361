// One layer kind: its JSON keys, its shape rule, its initial weights and its lines of TorchScript.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

#include "model/shape.h"

namespace cvtool {

// One row of the summary table.
struct SummaryRow {
  std::string name;  // "conv2d", or "block/conv2d" inside a composite
  std::string kind;  // Keras's class name, "Conv2D"
  Shape output;
  int64_t trainable = 0;      // numbers that training changes
  int64_t non_trainable = 0;  // others: batch-norm statistics, a frozen backbone
};

// What a layer kind is given to build from.
struct LayerContext {
  std::shared_ptr<torch::jit::CompilationUnit> unit;  // shared by all modules of a net
  Shape input;
  std::string path;   // "head/conv2d": keys the initial weights
  std::string place;  // start of error messages: "layer 3 (conv2d): "
  uint64_t seed = 0;
  int64_t classes = 0;
  bool any_size = false;       // forward takes pictures of other sizes than `input` too
  double most_weights = 1e18;  // that are left for this layer and those behind it
};

struct BuiltLayer {
  torch::jit::Module module;  // forward(Tensor) -> Tensor; parameters float32, requires_grad set
  Shape output;
  int64_t trainable = 0;
  int64_t non_trainable = 0;
};

struct LayerKind {
  const char* name;         // in JSON: "conv2d"
  const char* keras_name;   // in the table: "Conv2D"
  const char* module_name;  // of the submodule: "conv2d"
  const char* help;
  BuiltLayer (*build)(const Json& spec, const LayerContext& context);
  void (*defaults)(Json& object);  // writes every key at its default
};

// The table of layer kinds, alphabetical.
const std::vector<LayerKind>& layer_kinds();

// A module of class __torch__.cvtool.NAME with the attribute `training`.
torch::jit::Module new_module(const LayerContext& context, const std::string& class_name);

// The TorchScript expression of an activation applied to the variable x: "torch.relu(x)". `fresh`: x belongs to
// the layer and may be overwritten. `shape`: of x, which says where its channels are.
std::string activation_expression(const std::string& name, bool fresh = false, const Shape& shape = {});

}  // namespace cvtool
