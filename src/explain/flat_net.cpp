#include "explain/flat_net.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "explain/layer_name.h"

namespace cvtool {
namespace {

namespace jit = torch::jit;
using jit::Node;
using jit::Value;

// Replaces calls by what they call. Layers' values become outputs at once: as uses, they follow when a value is
// replaced by another.
class Flattener {
 public:
  explicit Flattener(jit::Graph& graph) : graph_(graph) {}

  void flatten() { range(*graph_.nodes().begin(), graph_.return_node(), ""); }
  std::vector<FlatLayer> layers;

 private:
  void range(Node* first, Node* end, const std::string& scope) {
    for (Node* node = first; node != end;) {
      Node* next = node->next();
      node->setScope(c10::make_intrusive<jit::Scope>()->push(c10::Symbol::scope(scope)));
      for (jit::Block* block : node->blocks()) range(*block->nodes().begin(), block->return_node(), scope);
      const auto kind = node->kind();  // inlining a call frees its node
      if (kind == jit::prim::CallMethod) call_method(node, scope);
      if (kind == jit::prim::CallFunction) call_function(node, scope);
      node = next;
    }
  }

  void call_method(Node* node, const std::string& scope) {
    const auto type = node->input(0)->type()->cast<c10::ClassType>();
    jit::GraphFunction* callee = type ? jit::tryToGraphFunction(type->getMethod(node->s(jit::attr::name))) : nullptr;
    if (!callee) return;
    const LayerName named = layer_name(node->input(0));
    const size_t slot = inlined(node, callee, named.name.empty() ? scope : named.name, !named.name.empty());
    if (slot > 0)
      layers.push_back(
          {named.name, named.alias.empty() ? std::vector<std::string>{} : std::vector<std::string>{named.alias}, slot});
  }

  void call_function(Node* node, const std::string& scope) {
    const auto type = node->input(0)->type()->cast<c10::FunctionType>();
    jit::GraphFunction* callee = type ? jit::tryToGraphFunction(*type->function()) : nullptr;
    if (!callee) return;
    node->removeInput(0);
    inlined(node, callee, scope, false);
  }

  // Returns the number of the output that holds the call's value; 0 where it is not a layer.
  size_t inlined(Node* node, jit::GraphFunction* callee, const std::string& scope, bool layer) {
    Node *before = node->prev(), *after = node->next();
    const bool outermost = node->owningBlock() == graph_.block();
    callee->ensure_defined();
    const auto values = jit::inlineCallTo(node, callee, callee->graph().get());
    size_t slot = 0;
    // A value inside a branch of an `if` cannot be an output.
    if (layer && outermost && values.size() == 1 && values[0]->type()->isSubtypeOf(*c10::TensorType::get()))
      slot = graph_.registerOutput(values[0]);
    range(before->next(), after, scope);
    return slot;
  }

  jit::Graph& graph_;
};

// `training` is false from here on, so that the branches for training fall away.
void fix_training(jit::Block* block) {
  for (Node* node : block->nodes()) {
    for (jit::Block* inner : node->blocks()) fix_training(inner);
    if (node->kind() != jit::prim::GetAttr || node->s(jit::attr::name) != "training") continue;
    jit::WithInsertPoint guard(node);
    node->output()->replaceAllUsesWith(block->owningGraph()->insertConstant(false));
  }
}

// The name of an operation that is a layer: "conv2d" for aten::_convolution, "relu" for aten::relu_.
std::string operation_name(const Node& node) {
  if (is_convolution(node)) return "conv2d";
  std::string name = node.kind().toUnqualString();
  while (!name.empty() && name.back() == '_') name.pop_back();
  return name;
}

bool gives_tensor(const Node& node) {
  return node.kind().is_aten() && node.outputs().size() == 1 &&
         node.output()->type()->isSubtypeOf(*c10::TensorType::get());
}

// Names the operations of every scope that holds several convolutions by itself.
void name_operations(jit::Graph& graph, std::vector<FlatLayer>& layers) {
  std::map<std::string, int> convolutions, used;
  for (const Node* node : graph.nodes()) convolutions[node->scopeName()] += is_convolution(*node);
  for (Node* node : graph.nodes()) {
    const std::string scope = node->scopeName();
    if (convolutions[scope] < 2 || !gives_tensor(*node)) continue;
    const std::string name = (scope.empty() ? "" : scope + "/") + operation_name(*node);
    const int count = used[name]++;
    layers.push_back(
        {count == 0 ? name : name + "_" + std::to_string(count), {}, graph.registerOutput(node->output())});
  }
}

// One layer a value, in the order of computation.
std::vector<FlatLayer> distinct(const jit::Graph& graph, std::vector<FlatLayer> layers) {
  std::map<const Value*, size_t> places;
  std::vector<FlatLayer> kept;
  for (FlatLayer& layer : layers) {
    const Value* value = graph.outputs()[layer.output];
    if (value->node()->kind() == jit::prim::Param) continue;
    const auto [place, added] = places.emplace(value, kept.size());
    if (added) {
      kept.push_back(std::move(layer));
      continue;
    }
    auto& aliases = kept[place->second].aliases;
    aliases.push_back(layer.name);
    aliases.insert(aliases.end(), layer.aliases.begin(), layer.aliases.end());
  }
  std::stable_sort(kept.begin(), kept.end(), [&graph](const FlatLayer& a, const FlatLayer& b) {
    return graph.outputs()[a.output]->node()->isBefore(graph.outputs()[b.output]->node());
  });
  return kept;
}

}  // namespace

bool is_convolution(const Node& node) {
  return node.kind() == jit::aten::conv2d || node.kind() == jit::aten::_convolution ||
         node.kind() == jit::aten::convolution;
}

FlatNet::FlatNet(const jit::Module& module, const std::string& method)
    : module_(module), graph_(module.get_method(method).graph()->copy()) {
  Flattener flattener(*graph_);
  flattener.flatten();
  fix_training(graph_->block());
  jit::ConstantPropagation(graph_);
  jit::EliminateDeadCode(graph_);
  name_operations(*graph_, flattener.layers);
  layers_ = distinct(*graph_, std::move(flattener.layers));
}

size_t FlatNet::find(const std::string& name) const {
  std::vector<std::string> names;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const auto& aliases = layers_[i].aliases;
    if (layers_[i].name == name || std::find(aliases.begin(), aliases.end(), name) != aliases.end()) return i;
    names.push_back(layers_[i].name);
  }
  constexpr size_t kNamed = 12;
  if (names.size() <= kNamed) throw UsageError("--layer: " + unknown_word("layer", name, names));
  throw UsageError("--layer: unknown layer '" + name + "'; the nearest are " +
                   join(nearest_paths(name, names, kNamed), ", ") + "; cvtool summary MODEL lists all");
}

std::vector<at::Tensor> FlatNet::run(const std::shared_ptr<jit::Graph>& graph, const at::Tensor& pixels) const {
  const jit::Code code(graph, "explain");
  jit::Stack stack{module_._ivalue(), pixels};
  jit::InterpreterState(code).run(stack);
  std::vector<at::Tensor> values;
  for (const c10::IValue& value : stack) values.push_back(value.toTensor());
  return values;
}

}  // namespace cvtool
