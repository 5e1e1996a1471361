#include "explain/activations.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "explain/token_map.h"

namespace cvtool {
namespace {

namespace jit = torch::jit;

void set_outputs(jit::Graph& graph, const std::vector<jit::Value*>& values) {
  while (!graph.outputs().empty()) graph.eraseOutput(graph.outputs().size() - 1);
  for (jit::Value* value : values) graph.registerOutput(value);
}

// The rest of the net goes on with a copy of the value, so that it stays as it is.
void continue_with_copy(jit::Graph& graph, jit::Value* value) {
  jit::WithInsertPoint guard(value->node()->next());
  jit::Value* copy = graph.insert(jit::aten::clone, {value});
  value->replaceAllUsesAfterNodeWith(copy->node(), copy);
}

bool is_dense(const jit::Node& node) {
  return node.kind() == jit::aten::linear || node.kind() == jit::aten::addmm || node.kind() == jit::aten::matmul;
}

// The last node for which `test` holds; nullptr where there is none.
template <class Test>
const jit::Node* last_node(const jit::Graph& graph, const Test& test) {
  const jit::Node* found = nullptr;
  for (const jit::Node* node : graph.nodes())
    if (test(*node)) found = node;
  return found;
}

}  // namespace

Activations activations_of(const FlatNet& net, const at::Tensor& pixels, const std::vector<size_t>& layers,
                           bool gradients) {
  const auto graph = net.graph()->copy();
  std::vector<jit::Value*> wanted;
  for (size_t layer : layers) wanted.push_back(graph->outputs()[net.layers()[layer].output]);
  for (jit::Value* value : wanted) continue_with_copy(*graph, value);
  wanted.insert(wanted.begin(), graph->outputs()[0]);
  set_outputs(*graph, wanted);
  at::Tensor x = pixels.to(at::kFloat);
  // A frozen backbone has no parameters: without this nothing behind it would know of gradients.
  if (gradients) x = x.detach().clone().set_requires_grad(true);
  const auto values = net.run(graph, x);
  return {values[0], {values.begin() + 1, values.end()}};
}

std::vector<at::Tensor> all_values(const FlatNet& net, const at::Tensor& pixels) {
  std::vector<size_t> all(net.layers().size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  const at::NoGradGuard no_grad;
  return activations_of(net, pixels.narrow(0, 0, 1), all).values;
}

size_t last_map(const FlatNet& net, const at::Tensor& pixels) {
  const auto values = all_values(net, pixels);
  const auto node_of = [&net](size_t layer) { return net.graph()->outputs()[net.layers()[layer].output]->node(); };
  const auto is_map = [](const at::Tensor& value) { return value.dim() == 4 && value.size(2) * value.size(3) > 1; };
  size_t found = values.size();
  for (const jit::Node* node : net.graph()->nodes()) {
    if (!is_convolution(*node)) continue;
    // The convolution's own layer, then what keeps its size.
    size_t first = 0;
    while (first < values.size() && node_of(first) != node && node_of(first)->isBefore(node)) ++first;
    if (first == values.size() || !is_map(values[first])) continue;
    for (size_t i = first; i < values.size(); ++i)
      if (is_map(values[i]) && values[i].sizes().slice(2) == values[first].sizes().slice(2)) found = i;
  }
  if (const auto tokens = last_mixed_tokens(net, values); tokens && (found == values.size() || *tokens > found))
    found = *tokens;
  if (found == values.size()) throw UsageError("the net has no convolution whose map could be shown; use --occlusion");
  return found;
}

size_t last_features(const FlatNet& net, const at::Tensor& pixels) {
  const auto values = all_values(net, pixels);
  const jit::Node* dense = last_node(*net.graph(), is_dense);
  size_t found = values.size();
  for (size_t i = 0; dense && i < values.size(); ++i)
    if (values[i].dim() == 2 && net.graph()->outputs()[net.layers()[i].output]->node()->isBefore(dense)) found = i;
  if (found == values.size())
    throw UsageError("no layer gives a vector to the last dense layer; name a layer with --layer");
  return found;
}

at::Tensor convolution_kernels(const FlatNet& net, size_t layer, const at::Tensor& pixels) {
  const auto graph = net.graph()->copy();
  const FlatLayer& wanted = net.layers()[layer];
  jit::Node* own = graph->outputs()[wanted.output]->node();
  jit::Value* weight = is_convolution(*own) ? own->inputs()[1] : nullptr;
  for (jit::Node* node : graph->nodes())
    if (!weight && is_convolution(*node) && node->scopeName() == wanted.name) weight = node->inputs()[1];
  if (!weight)
    throw UsageError("--kernels: the layer '" + wanted.name +
                     "' is not a convolution; name one that is (see cvtool summary)");
  set_outputs(*graph, {weight});
  const at::NoGradGuard no_grad;
  return net.run(graph, pixels)[0].detach().to(at::kCPU, at::kFloat).contiguous();
}

}  // namespace cvtool
