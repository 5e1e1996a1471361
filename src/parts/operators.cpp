#include "parts/operators.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/library.h>

#include <algorithm>
#include <set>
#include <string>

#include "parts/scope.h"
#include "torch/graph.h"

namespace cvtool {
namespace {

using torch::jit::Node;

c10::Symbol ours(const std::string& name) { return c10::Symbol::fromQualString("cvtool::" + name); }

// LibTorch's operator that a node calls has one of ours of the same name.
bool has_one_of_ours(const Node& node) {
  static const std::set<std::string> names{"batch_norm", "dropout", "linear", "numel"};
  return node.kind().is_aten() && names.count(node.kind().toUnqualString()) > 0;
}

void call_ours(Node& node) {
  Node* const other = node.owningGraph()->create(ours(node.kind().toUnqualString()), node.inputs(), 1);
  other->setSourceRange(node.sourceRange());
  other->insertBefore(&node);
  other->output()->setType(node.output()->type());
  node.output()->replaceAllUsesWith(other->output());
  node.destroy();
}

// What is called with a parameter that autocast rounds: its second argument.
bool is_rounding_use(const torch::jit::Use& use) {
  return use.offset == 1 && (is_rounded_by_autocast(*use.user) || use.user->kind() == ours("linear"));
}

// Whether the value is the module's own `training`.
bool is_training_of_self(const torch::jit::Value& value) {
  const Node& source = *value.node();
  return source.kind() == c10::prim::GetAttr && source.s(c10::attr::name) == "training" &&
         source.input(0) == source.owningGraph()->inputs()[0];
}

// False where `if self.training:` around the node keeps it from being reached.
bool is_reached(const Node& node, bool training) {
  for (const torch::jit::Block* block = node.owningBlock(); block->owningNode();) {
    const Node& around = *block->owningNode();
    if (!training && around.kind() == c10::prim::If && around.blocks()[0] == block &&
        is_training_of_self(*around.input(0)))
      return false;
    block = around.owningBlock();
  }
  return true;
}

// Whether a batch norm in this module's code may take its statistics from the batch, in the mode that the module is in.
bool takes_statistics(const Node& node, bool training) {
  constexpr size_t kTraining = 5;  // of its arguments
  if (node.kind() != ours("batch_norm") || !is_reached(node, training)) return false;
  if (is_training_of_self(*node.input(kTraining))) return training;
  const auto constant = torch::jit::toIValue(node.input(kTraining));
  return !constant || constant->toBool();
}

}  // namespace

bool parts_meet(const std::vector<torch::jit::Module>& modules) {
  for (const torch::jit::Module& module : modules)
    for (const torch::jit::Module& part : module.modules())
      for (const torch::jit::Method& method : part.get_methods())
        for (const Node* node : nodes_of(*method.graph()->block()))
          if (takes_statistics(*node, part.is_training())) return true;
  return false;
}

RoundedParameters::RoundedParameters(const std::vector<torch::jit::Module>& modules) {
  for (const torch::jit::Module& module : modules)
    for (const Node* node : nodes_of(module)) {
      if (node->kind() != c10::prim::GetAttr) continue;
      const auto& uses = node->output()->uses();
      const auto key =
          std::make_pair(static_cast<const c10::Type*>(node->input(0)->type().get()), node->s(c10::attr::name));
      bool& rounded = rounded_.emplace(key, true).first->second;
      rounded = rounded && std::all_of(uses.begin(), uses.end(), is_rounding_use);
    }
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
  // Modules of one class share their code: it is gone through once for each, and changed the first time.
  for (const torch::jit::Module& part : copy.modules())
    for (const torch::jit::Method& method : part.get_methods())
      for (Node* node : nodes_of(*method.graph()->block()))
        if (has_one_of_ours(*node)) call_ours(*node);
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
