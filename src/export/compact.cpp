#include "export/compact.h"

#include <ATen/ATen.h>
#include <torch/script.h>

#include <unordered_map>

namespace cvtool {
namespace {

// Below this a tensor is not worth it, and biases are more delicate.
constexpr int64_t kSmallest = 64;

struct Compacted {
  at::Tensor values, scale;  // scale: undefined, or [rows,1,...]
};

Compacted compacted(const at::Tensor& weight, const std::string& precision) {
  if (precision == "bf16") return {weight.to(at::kBFloat16), {}};
  if (precision == "fp16") return {weight.to(at::kHalf), {}};
  const at::Tensor rows = weight.reshape({weight.size(0), -1});
  std::vector<int64_t> shape(static_cast<size_t>(weight.dim()), 1);
  shape[0] = weight.size(0);
  const at::Tensor scale = (rows.abs().amax({1}) / 127).clamp_min(1e-12).reshape(shape);
  return {(weight / scale).round().clamp(-127, 127).to(at::kChar), scale};
}

class Compactor {
 public:
  explicit Compactor(const std::string& precision) : precision_(precision) {}

  void rewrite(torch::jit::Block& block, torch::jit::Graph& graph) {
    std::vector<torch::jit::Node*> weights;
    for (torch::jit::Node* node : block.nodes()) {
      for (torch::jit::Block* inner : node->blocks()) rewrite(*inner, graph);
      if (node->kind() == c10::prim::Constant && is_weight(torch::jit::toIValue(node->output())))
        weights.push_back(node);
    }
    for (torch::jit::Node* node : weights) replace(*node, graph);
  }

 private:
  static bool is_weight(const c10::optional<c10::IValue>& value) {
    if (!value || !value->isTensor()) return false;
    const at::Tensor& tensor = value->toTensor();
    return tensor.defined() && tensor.scalar_type() == at::kFloat && tensor.dim() >= 2 && tensor.numel() >= kSmallest;
  }

  void replace(torch::jit::Node& node, torch::jit::Graph& graph) {
    const at::Tensor weight = torch::jit::toIValue(node.output())->toTensor();
    // Methods share their weights; so do the compact ones.
    const auto [entry, is_new] = done_.try_emplace(weight.unsafeGetTensorImpl());
    if (is_new) entry->second = compacted(weight, precision_);
    const torch::jit::WithInsertPoint here(&node);
    torch::jit::Value* value = graph.insertConstant(entry->second.values);
    value = graph.insert(c10::aten::to, {value, at::kFloat});
    if (entry->second.scale.defined())
      value = graph.insert(c10::aten::mul, {value, graph.insertConstant(entry->second.scale)});
    node.output()->replaceAllUsesWith(value);
    node.destroy();
  }

  const std::string& precision_;
  std::unordered_map<const at::TensorImpl*, Compacted> done_;
};

}  // namespace

void compact_weights(torch::jit::Module& frozen, const std::string& precision,
                     const std::vector<std::string>& methods) {
  if (precision == "fp32") return;
  Compactor compactor(precision);
  for (const std::string& method : methods) {
    const auto graph = frozen.get_method(method).graph();
    compactor.rewrite(*graph->block(), *graph);
  }
}

}  // namespace cvtool
