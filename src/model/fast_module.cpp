#include "model/fast_module.h"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/frozen_ops_to_mkldnn.h>
#include <torch/script.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <vector>

#include "model/stages.h"
#include "torch/device.h"
#include "torch/graph.h"

namespace cvtool {
namespace {

namespace jit = torch::jit;

std::vector<int64_t> constant_list(const jit::Value* value) {
  const auto constant = jit::toIValue(value);
  return constant && constant->isIntList() ? constant->toIntVector() : std::vector<int64_t>();
}

// Whether a branch only chooses who pads, a node before the convolution or the convolution itself: that matters to
// gradients (see convolution_padding in layers/layers_conv.cpp), not here.
bool chooses_who_pads(const jit::Node& node) {
  if (node.kind() != c10::prim::If || node.outputs().size() != 2) return false;
  const jit::Block &before = *node.blocks()[0], &itself = *node.blocks()[1];
  const jit::Node* pad = before.outputs()[0]->node();
  if (pad->kind() != jit::aten::constant_pad_nd || pad->owningBlock() != &before) return false;
  const auto nodes_in = [](const jit::Block& block) {
    return std::distance(block.nodes().begin(), block.nodes().end());
  };
  if (nodes_in(before) != 1 || nodes_in(itself) != 0 || pad->input(0) != itself.outputs()[0]) return false;
  const auto value = jit::toIValue(pad->input(2));
  const auto by_conv = constant_list(itself.outputs()[1]);
  return value && value->isScalar() && value->toScalar().toDouble() == 0 && by_conv.size() == 2 &&
         constant_list(pad->input(1)) == std::vector<int64_t>{by_conv[1], by_conv[1], by_conv[0], by_conv[0]} &&
         constant_list(before.outputs()[1]) == std::vector<int64_t>{0, 0};
}

// The convolution pads: then its parameters are constants, as folding wants them.
void let_convolutions_pad(jit::Graph& graph) {
  std::vector<jit::Node*> branches;
  for (jit::Node* node : graph.nodes())
    if (chooses_who_pads(*node)) branches.push_back(node);
  for (jit::Node* node : branches) {
    for (size_t i = 0; i < 2; ++i) node->output(i)->replaceAllUsesWith(node->blocks()[1]->outputs()[i]);
    node->destroy();
  }
}

// Rounds the constants that autocast would: kernels and biases of convolutions and products.
void round_constants(jit::Graph& graph, at::ScalarType precision) {
  for (jit::Node* node : nodes_of(*graph.block())) {
    if (!is_rounded_by_autocast(*node)) continue;
    for (size_t i = 1; i < std::min<size_t>(3, node->inputs().size()); ++i) {
      const auto constant = jit::toIValue(node->input(i));
      if (!constant || !constant->isTensor() || constant->toTensor().scalar_type() != at::kFloat) continue;
      const jit::WithInsertPoint here(node);
      node->replaceInput(i, graph.insertConstant(constant->toTensor().to(precision)));
    }
  }
}

size_t count_in(const jit::Graph& graph, const std::string& kind) {
  return static_cast<size_t>(std::count_if(graph.nodes().begin(), graph.nodes().end(),
                                           [&](const jit::Node* node) { return kind == node->kind().toQualString(); }));
}

}  // namespace

jit::Module fast_module(const jit::Module& module, const std::vector<std::string>& kept) {
  const jit::Module once = constant_module(module, kept);
  const auto branched = once.get_method("forward").graph();
  let_convolutions_pad(*branched);
  jit::EliminateDeadCode(branched);
  // What changes in training alone, the statistics of batch norm, is a constant only where no code for training is
  // left, so after the first time: now it is folded.
  return frozen_module(once, kept);
}

jit::Module rounded_module(const jit::Module& fast, at::ScalarType precision) {
  if (precision == at::kFloat) return fast;
  const jit::Module rounded = copy_of_frozen(fast);
  const auto graph = rounded.get_method("forward").graph();
  round_constants(*graph, precision);
  jit::EliminateDeadCode(graph);
  return rounded;
}

std::optional<jit::Module> packed_module(const jit::Module& fast, at::Device device, at::ScalarType precision) {
  if (!device.is_cpu() || precision != at::kFloat || !packs_weights()) return {};
  const jit::Module packed = copy_of_frozen(fast);
  auto graph = packed.get_method("forward").graph();
  jit::ConvertFrozenOpsToMKLDNN(graph);
  // Where operations between the convolutions are not oneDNN's (branches that are joined, say), values change their
  // order again and again, which costs more than it gains.
  constexpr size_t kConvolutionsEach = 6;
  const size_t changes = count_in(*graph, "aten::to_mkldnn"),
               convolutions = count_in(*graph, "prim::mkldnn_convolution");
  if (convolutions == 0 || changes > 1 + convolutions / kConvolutionsEach) return {};
  return packed;
}

}  // namespace cvtool
