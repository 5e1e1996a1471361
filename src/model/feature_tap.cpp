#include "model/feature_tap.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/script.h>

#include <string>

namespace cvtool {
namespace {

namespace jit = torch::jit;

// The last dense layer, as freezing leaves it.
struct LastDense {
  jit::Value* input = nullptr;   // null: there is none
  jit::Value* weight = nullptr;  // [units,F], of a product [F,units]
  bool is_product = false;
};

bool is_tapped(const jit::Graph& graph) { return graph.outputs()[0]->node()->kind() == jit::aten::cat; }

jit::Value* logits_of_graph(jit::Graph& graph) {
  jit::Value* out = graph.outputs()[0];
  return is_tapped(graph) ? out->node()->input(0)->node()->input(0) : out;
}

// Behind it there is a bias at most, and the temperature.
LastDense last_dense(jit::Graph& graph) {
  for (jit::Value* value = logits_of_graph(graph);;) {
    jit::Node* node = value->node();
    if (node->kind() == jit::aten::linear) return {node->input(0), node->input(1), false};
    if (node->kind() == jit::aten::addmm) return {node->input(1), node->input(2), true};
    if (node->kind() == jit::aten::matmul) return {node->input(0), node->input(1), true};
    if (node->kind() != jit::aten::div && node->kind() != jit::aten::add) return {};
    value = node->input(0);
  }
}

// Weights in fewer bits are expanded on their way from the constant.
int64_t units_of(const LastDense& dense) {
  for (const jit::Value* value = dense.weight;;) {
    const jit::Node* node = value->node();
    const auto constant = jit::toIValue(value);
    if (constant && constant->isTensor() && constant->toTensor().dim() == 2)
      return constant->toTensor().size(dense.is_product ? 1 : 0);
    if (node->inputs().empty()) return 0;
    value = node->input(0);
  }
}

}  // namespace

void tap_features(jit::Module& fast) {
  const auto graph = fast.get_method("forward").graph();
  const LastDense dense = last_dense(*graph);
  if (!dense.input || units_of(dense) == 0 || is_tapped(*graph)) return;
  jit::Value* logits = graph->outputs()[0];
  const jit::WithInsertPoint at_end(graph->return_node());
  jit::Value* features = graph->insert(jit::aten::flatten, {dense.input, 1, -1});
  jit::Value* both = graph->insertNode(graph->createList(c10::TensorType::get(), {logits, features}))->output();
  graph->return_node()->replaceInput(0, graph->insert(jit::aten::cat, {both, 1}));
}

int64_t tapped_units(const jit::Module& fast) {
  const auto graph = fast.get_method("forward").graph();
  return is_tapped(*graph) ? units_of(last_dense(*graph)) : 0;
}

}  // namespace cvtool
