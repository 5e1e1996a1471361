#include "parts/operators.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/library.h>

#include <set>
#include <string>

#include "parts/scope.h"

namespace cvtool {
namespace {

using torch::jit::Block;
using torch::jit::Node;

// LibTorch's operator that a node calls has one of ours of the same name.
c10::Symbol operator_of_parts(const Node& node) {
  static const std::set<std::string> names{"batch_norm", "dropout", "linear", "numel"};
  if (!node.kind().is_aten() || names.count(node.kind().toUnqualString()) == 0) return node.kind();
  return c10::Symbol::fromQualString(std::string("cvtool::") + node.kind().toUnqualString());
}

void rename_operators(Block& block, torch::jit::Graph& graph) {
  std::vector<Node*> replaced;
  for (Node* node : block.nodes()) {
    for (Block* inner : node->blocks()) rename_operators(*inner, graph);
    const c10::Symbol ours = operator_of_parts(*node);
    if (ours == node->kind()) continue;
    Node* const other = graph.create(ours, node->inputs(), 1);
    other->setSourceRange(node->sourceRange());
    other->insertBefore(node);
    other->output()->setType(node->output()->type());
    node->output()->replaceAllUsesWith(other->output());
    replaced.push_back(node);
  }
  for (Node* node : replaced) node->destroy();
}

// What is called with a parameter that autocast rounds: its second argument.
bool is_rounding_use(const torch::jit::Use& use) {
  static const std::set<std::string> names{"aten::conv1d", "aten::conv2d",   "aten::conv3d",
                                           "aten::linear", "cvtool::linear", "aten::matmul"};
  return use.offset == 1 && names.count(use.user->kind().toQualString()) > 0;
}

bool holds(const Block& block, c10::Symbol kind) {
  for (const Node* node : block.nodes()) {
    if (node->kind() == kind) return true;
    for (const Block* inner : node->blocks())
      if (holds(*inner, kind)) return true;
  }
  return false;
}

template <class Look>
void for_each_attribute(const Block& block, const Look& look) {
  for (const Node* node : block.nodes()) {
    if (node->kind() == c10::prim::GetAttr) look(*node);
    for (const Block* inner : node->blocks()) for_each_attribute(*inner, look);
  }
}

}  // namespace

bool parts_meet(const std::vector<torch::jit::Module>& modules) {
  const auto norm = c10::Symbol::fromQualString("cvtool::batch_norm");
  for (const torch::jit::Module& module : modules)
    for (const torch::jit::Module& part : module.modules())
      for (const torch::jit::Method& method : part.get_methods())
        if (holds(*method.graph()->block(), norm)) return true;
  return false;
}

RoundedParameters::RoundedParameters(const std::vector<torch::jit::Module>& modules) {
  const auto look = [this](const Node& node) {
    bool rounded = true;
    for (const torch::jit::Use& use : node.output()->uses()) rounded = rounded && is_rounding_use(use);
    const auto key =
        std::make_pair(static_cast<const c10::Type*>(node.input(0)->type().get()), node.s(c10::attr::name));
    const auto place = rounded_.emplace(key, true).first;
    place->second = place->second && rounded;
  };
  for (const torch::jit::Module& module : modules)
    for (const torch::jit::Module& part : module.modules())
      for (const torch::jit::Method& method : part.get_methods()) for_each_attribute(*method.graph()->block(), look);
}

bool RoundedParameters::contains(const torch::jit::Module& owner, const std::string& name) const {
  const auto place = rounded_.find({owner.type().get(), name});
  return place != rounded_.end() && place->second;
}

int64_t numel_of_parts(const at::Tensor& x) {
  PartScope* const scope = PartScope::current();
  if (!scope || x.dim() == 0 || x.size(0) == 0) return x.numel();
  return x.numel() / x.size(0) * scope->batch().rows();
}

torch::jit::Module in_parts(const torch::jit::Module& module) {
  torch::jit::Module copy = module.clone(/*inplace=*/true);
  std::set<const c10::ClassType*> done;
  for (const torch::jit::Module& part : copy.modules()) {
    if (!done.insert(part.type().get()).second) continue;
    for (const torch::jit::Method& method : part.get_methods())
      rename_operators(*method.graph()->block(), *method.graph());
  }
  return copy;
}

}  // namespace cvtool

// Only modules in memory call these: files hold LibTorch's own operators.
TORCH_LIBRARY(cvtool, library) {
  library.def(
      "batch_norm(Tensor x, Tensor? weight, Tensor? bias, Tensor(a!)? running_mean, Tensor(b!)? running_var, "
      "bool training, float momentum, float eps, bool cudnn_enabled) -> Tensor",
      cvtool::batch_norm_of_parts);
  library.def("dropout(Tensor x, float p, bool train) -> Tensor", cvtool::dropout_of_parts);
  library.def("linear(Tensor x, Tensor weight, Tensor? bias) -> Tensor", cvtool::linear_of_parts);
  library.def("numel(Tensor x) -> int", cvtool::numel_of_parts);
}
