#include "model/net_batch.h"

#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <optional>
#include <set>

#include "torch/graph.h"

namespace cvtool {
namespace {

namespace jit = torch::jit;

// LibTorch computes these in vectors, and in another way for the numbers that are left at a tensor's end.
bool differs_at_the_end(const jit::Node& node) {
  static const std::set<std::string> functions{"aten::celu", "aten::elu",      "aten::erf",     "aten::gelu",
                                               "aten::mish", "aten::pow",      "aten::selu",    "aten::sigmoid",
                                               "aten::silu", "aten::softplus", "aten::softsign"};
  std::string name = node.kind().toQualString();
  if (name.back() == '_') name.pop_back();
  return functions.count(name) > 0;
}

// The number of channels that a convolution or dense layer gives.
std::optional<int64_t> channels_of(const jit::Node& node) {
  const std::string name = node.kind().toQualString();
  if (name != "aten::linear" && name != "aten::addmm" && name != "aten::matmul" && name != "aten::_convolution" &&
      name.rfind("aten::conv", 0) != 0)
    return {};
  for (const jit::Value* input : node.inputs())
    if (input->node()->kind() == c10::prim::Constant && input->node()->hasAttribute(c10::attr::value) &&
        input->node()->kindOf(c10::attr::value) == jit::AttributeKind::t &&
        input->node()->t(c10::attr::value).dim() > 1)
      return input->node()->t(c10::attr::value).size(name == "aten::addmm" || name == "aten::matmul" ? 1 : 0);
  return {};
}

// A graph that LibTorch does not see into (archived/onnx_file.h): nothing is known of it.
bool is_foreign(const jit::Node& node) { return node.kind() == c10::prim::CallMethod; }

// Of each vector there may be `rows` ends; `channels` are those of the layer before.
bool ends_differ(jit::Graph& graph, int64_t rows) {
  constexpr int64_t kUnrolled = 32;  // two vectors of 16 numbers, AVX-512's
  int64_t channels = 1;
  for (const jit::Node* node : nodes_of(*graph.block())) {
    channels = channels_of(*node).value_or(channels);
    if (is_foreign(*node)) return true;
    if (differs_at_the_end(*node) && rows * channels % kUnrolled != 0) return true;
  }
  return false;
}

// Tokens that are multiplied with each other: in the dense layers around, too, the rows of a product are those of all
// photos' tokens, and a library computes the rows that are left at its end in another way.
bool multiplies_tokens(jit::Graph& graph) {
  const auto nodes = nodes_of(*graph.block());
  return std::any_of(nodes.begin(), nodes.end(), [](const jit::Node* node) {
    const std::string name = node->kind().toQualString();
    return (name == "aten::matmul" || name == "aten::bmm" || name == "aten::scaled_dot_product_attention") &&
           node->input(0)->node()->kind() != c10::prim::Constant &&
           node->input(1)->node()->kind() != c10::prim::Constant;
  });
}

}  // namespace

int64_t batch_rows(const jit::Module& fast, int64_t most) {
  jit::Graph& graph = *fast.get_method("forward").graph();
  return ends_differ(graph, most) || multiplies_tokens(graph) ? 1 : most;
}

}  // namespace cvtool
