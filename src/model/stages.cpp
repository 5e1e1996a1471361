#include "model/stages.h"

#include <ATen/ATen.h>
#include <torch/script.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "model/fast_module.h"
#include "torch/graph.h"

namespace cvtool {
namespace {

// Names of the children called in a chain; empty where forward is not a chain.
std::vector<std::string> chain_names(const torch::jit::Module& module) {
  const auto graph = module.get_method("forward").graph();
  if (graph->inputs().size() != 2 || graph->outputs().size() != 1) return {};
  std::map<const torch::jit::Value*, std::string> children;
  std::vector<std::string> names;
  const torch::jit::Value* x = graph->inputs()[1];
  for (const torch::jit::Node* node : graph->nodes()) {
    if (node->kind() == c10::prim::Constant) continue;
    if (node->kind() == c10::prim::GetAttr && node->inputs()[0] == graph->inputs()[0]) {
      children[node->output()] = node->s(c10::attr::name);
      continue;
    }
    const bool call =
        node->kind() == c10::prim::CallMethod && node->s(c10::attr::name) == "forward" && node->inputs().size() == 2;
    if (!call || children.count(node->inputs()[0]) == 0 || node->inputs()[1] != x) return {};
    names.push_back(children[node->inputs()[0]]);
    x = node->output();
  }
  return x == graph->outputs()[0] ? names : std::vector<std::string>{};
}

std::vector<Stage> cut(const torch::jit::Module& module, const std::string& path) {
  const auto names = chain_names(module);
  const std::string prefix = path.empty() ? "" : path + ".";
  if (names.empty()) return {{path, module}};
  if (names.size() == 1) return cut(module.attr(names[0]).toModule(), prefix + names[0]);
  std::vector<Stage> stages;
  for (const std::string& name : names) stages.push_back({prefix + name, module.attr(name).toModule()});
  return stages;
}

struct Named {
  std::string name;
  at::Tensor tensor;
  bool norm;  // of a batch norm
};

// In the order of the layers.
std::vector<Named> parameters_of(const torch::jit::Module& module, const std::string& prefix = "") {
  const bool norm = module.hasattr("running_mean");
  std::vector<Named> out;
  for (const auto& parameter : module.named_parameters(/*recurse=*/false))
    out.push_back({prefix + parameter.name, parameter.value, norm});
  for (const auto& child : module.named_children()) {
    const auto below = parameters_of(child.value, prefix + child.name + ".");
    out.insert(out.end(), below.begin(), below.end());
  }
  return out;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// Index of the first parameter of the last `layers` kernels.
size_t first_of_last(const std::vector<Named>& parameters, int64_t layers) {
  size_t first = parameters.size();
  for (size_t i = parameters.size(); i-- > 0 && layers > 0;)
    if (parameters[i].tensor.dim() > 1) {
      first = i;
      --layers;
    }
  return first;
}

// The names' first `depth` parts, "features.18": what a prefix may be.
std::vector<std::string> prefixes(const std::vector<Named>& parameters, size_t depth) {
  std::vector<std::string> out;
  for (const Named& parameter : parameters) {
    auto parts = split(parameter.name, '.');
    parts.resize(std::min(depth, parts.size() - 1));
    const std::string prefix = join(parts, ".");
    if (!prefix.empty() && std::find(out.begin(), out.end(), prefix) == out.end()) out.push_back(prefix);
  }
  // A module that only wraps another names nothing.
  return out.size() == 1 && depth < 5 ? prefixes(parameters, depth + 1) : out;
}

// Freezing throws away the functions that it puts into their callers, but nodes go on pointing at them: an error in
// such a node, where memory runs out or a picture has another size, would end the process. The module's own stay.
void own_call_stacks(const torch::jit::Module& module) {
  for (const torch::jit::Method& method : module.get_methods())
    for (torch::jit::Node* node : nodes_of(*method.graph()->block()))
      if (node->callstack())
        node->setCallStack(c10::make_intrusive<torch::jit::InlinedCallStack>(&method.function(), node->sourceRange()));
}

// Whether any node draws numbers, or looks whether the module is in training.
bool has_mood(const torch::jit::Node* node) {
  return node->isNondeterministic() || (node->kind() == c10::prim::GetAttr && node->s(c10::attr::name) == "training");
}

torch::jit::Module frozen_copy(const torch::jit::Module& module, const std::vector<std::string>& kept, bool fold) {
  torch::jit::Module copy = module.deepcopy();
  copy.eval();
  // LibTorch inlines nested calls only while its executor optimises; without, submodules' code would be lost.
  const bool optimizes = torch::jit::getGraphExecutorOptimize();
  torch::jit::setGraphExecutorOptimize(true);
  torch::jit::Module frozen = torch::jit::freeze(copy, kept, fold);
  torch::jit::setGraphExecutorOptimize(optimizes);
  own_call_stacks(frozen);
  return frozen;
}

}  // namespace

torch::jit::Module frozen_module(const torch::jit::Module& module, const std::vector<std::string>& kept) {
  return frozen_copy(module, kept, /*fold=*/true);
}

torch::jit::Module constant_module(const torch::jit::Module& module, const std::vector<std::string>& kept) {
  return frozen_copy(module, kept, /*fold=*/false);
}

torch::jit::Module copy_of_frozen(const torch::jit::Module& frozen) {
  torch::jit::Module copy = frozen.clone(/*inplace=*/true);
  own_call_stacks(copy);
  return copy;
}

std::vector<std::string> classifier_methods(const torch::jit::Module& module) {
  std::vector<std::string> methods{"logits", "probabilities"};
  if (module.find_method("sigmoids")) methods.emplace_back("sigmoids");
  return methods;
}

std::vector<Stage> stages_of(const torch::jit::Module& module) { return cut(module, ""); }

bool is_still(const torch::jit::Module& module) {
  if (module.parameters().size() > 0) return false;
  const auto nodes = nodes_of(module);
  return std::none_of(nodes.begin(), nodes.end(), has_mood);
}

torch::jit::Module frozen_stages(const std::vector<torch::jit::Module>& stages) {
  torch::jit::Module joined(c10::QualifiedName("__torch__.cvtool.Stages"),
                            std::make_shared<torch::jit::CompilationUnit>(), true);
  joined.register_attribute("training", c10::BoolType::get(), false);
  std::string body = "def forward(self, x):\n";
  for (size_t i = 0; i < stages.size(); ++i) {
    const std::string name = "stage_" + std::to_string(i);
    joined.register_module(name, stages[i]);
    body += "    x = self." + name + ".forward(x)\n";
  }
  joined.define(body + "    return x\n");
  return fast_module(joined);
}

Unfrozen unfreeze(torch::jit::Module& backbone, const std::string& what, bool norms) {
  std::vector<Named> parameters = parameters_of(backbone);
  if (parameters.empty())
    throw UsageError(
        "--fine-tune: the backbone is frozen for good (it has constants, no parameters); save it without "
        "torch.jit.freeze");
  size_t first = 0;
  if (is_number(what)) first = first_of_last(parameters, what.size() > 6 ? 1'000'000 : std::stoll(what));
  Unfrozen out;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const bool chosen =
        what == "all" || is_number(what) ? i >= first : starts_with(parameters[i].name + ".", what + ".");
    const bool trained = chosen && (norms || !parameters[i].norm);
    parameters[i].tensor.set_requires_grad(trained);
    if (!trained) continue;
    out.parameters.push_back(parameters[i].tensor);
    out.names.push_back(parameters[i].name);
  }
  if (out.parameters.empty()) throw UsageError("--fine-tune: " + unknown_word("layer", what, prefixes(parameters, 1)));
  return out;
}

}  // namespace cvtool
