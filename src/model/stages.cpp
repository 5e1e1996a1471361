#include "model/stages.h"

#include <torch/script.h>

#include <map>
#include <memory>

#include "model/freeze.h"

namespace cvtool {
namespace {

// Names of the children called in a chain; empty where forward is no chain.
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

}  // namespace

std::vector<Stage> stages_of(const torch::jit::Module& module) { return cut(module, ""); }

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
  return frozen_module(joined, {});
}

}  // namespace cvtool
