#include "explain/layer_costs.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace cvtool {
namespace {

namespace jit = torch::jit;
using jit::Node;
using jit::Value;

// What the tensors of the graph were when it ran.
using Tensors = std::map<const Value*, at::Tensor>;

bool is_tensor(const Value* value) { return value->type()->isSubtypeOf(*c10::TensorType::get()); }

// Runs the net with every tensor outside of branches as an output.
Tensors tensors_of(const FlatNet& net, const std::shared_ptr<jit::Graph>& graph, const at::Tensor& picture) {
  std::vector<const Value*> values;
  const auto add = [&](Value* value) {
    if (!is_tensor(value)) return;
    values.push_back(value);
    graph->registerOutput(value);
  };
  while (!graph->outputs().empty()) graph->eraseOutput(graph->outputs().size() - 1);
  add(graph->inputs()[1]);
  for (Node* node : graph->nodes())
    for (Value* output : node->outputs()) add(output);
  const at::NoGradGuard no_grad;
  const auto results = net.run(graph, picture.to(at::kFloat));
  Tensors tensors;
  for (size_t i = 0; i < values.size(); ++i) tensors[values[i]] = results[i];
  return tensors;
}

// A list of integers, or one for both axes; empty where it is not constant.
std::vector<int64_t> numbers(const Value* value) {
  if (const auto constant = jit::toIValue(value)) {
    if (constant->isIntList()) return constant->toIntVector();
    if (constant->isInt()) return {constant->toInt()};
    return {};
  }
  std::vector<int64_t> list;
  if (value->node()->kind() != jit::prim::ListConstruct) return list;
  for (const Value* item : value->node()->inputs())
    if (const auto constant = jit::toIValue(item)) list.push_back(constant->isInt() ? constant->toInt() : 0);
  return list;
}

// A pair from the argument of an operation, `otherwise` where it does not say.
std::array<int64_t, 2> pair(const std::vector<int64_t>& list, std::array<int64_t, 2> otherwise) {
  if (list.empty()) return otherwise;
  return {list[0], list.back()};
}

// padding "same" and "valid" of torch.conv2d.
std::array<int64_t, 2> convolution_padding(const Value* value, const Window& window) {
  const auto constant = jit::toIValue(value);
  if (!constant || !constant->isString()) return pair(numbers(value), {0, 0});
  if (constant->toStringRef() != "same") return {0, 0};
  return {(window.kernel[0] - 1) * window.dilation[0] / 2, (window.kernel[1] - 1) * window.dilation[1] / 2};
}

// The window of an operation that has one.
std::optional<Window> window_of(const Node& node, const Tensors& tensors) {
  Window window;
  const auto argument = [&node](size_t i) { return numbers(node.inputs()[i]); };
  if (is_convolution(node)) {
    const at::Tensor& weight = tensors.at(node.inputs()[1]);
    window.kernel = {weight.size(2), weight.size(3)};
    window.strides = pair(argument(3), {1, 1});
    window.dilation = pair(argument(5), {1, 1});
    window.before = convolution_padding(node.inputs()[4], window);
  } else if (node.kind() == jit::aten::max_pool2d || node.kind() == jit::aten::avg_pool2d) {
    window.kernel = pair(argument(1), {1, 1});
    window.strides = pair(argument(2), window.kernel);
    window.before = pair(argument(3), {0, 0});
    if (node.kind() == jit::aten::max_pool2d) window.dilation = pair(argument(4), {1, 1});
  } else if ((node.kind() == jit::aten::constant_pad_nd || node.kind() == jit::aten::pad) &&
             tensors.at(node.inputs()[0]).dim() == 4) {
    const auto sides = argument(1);  // left, right, top, bottom
    if (sides.size() == 4) window.before = {sides[2], sides[0]};
  } else {
    return std::nullopt;
  }
  return window;
}

int64_t macs_of(const Node& node, const Tensors& tensors, const at::Tensor& output) {
  const auto weight = [&](size_t i) { return tensors.at(node.inputs()[i]); };
  if (is_convolution(node)) return output.numel() * (weight(1).numel() / weight(1).size(0));
  if (node.kind() == jit::aten::linear) return output.numel() * weight(1).size(-1);
  if (node.kind() == jit::aten::matmul || node.kind() == jit::aten::bmm) return output.numel() * weight(0).size(-1);
  if (node.kind() == jit::aten::addmm) return output.numel() * weight(1).size(-1);
  return 0;
}

// Whether two values have the same places, of which each channel has a number.
bool same_places(const at::Tensor& a, const at::Tensor& b, int64_t channels) {
  if (a.dim() < 3 || a.dim() != b.dim()) return false;
  for (int64_t d = 1; d < a.dim(); ++d)
    if (d != channels && a.size(d) != b.size(d)) return false;
  return true;
}

// Where a permute or transpose puts the dimension `channels` of `rank`.
int64_t moved(const Node& node, int64_t channels, int64_t rank) {
  std::vector<int64_t> order;
  if (node.kind() == jit::aten::permute) {
    order = numbers(node.inputs()[1]);
  } else {
    for (int64_t d = 0; d < rank; ++d) order.push_back(d);
    const auto a = numbers(node.inputs()[1]), b = numbers(node.inputs()[2]);
    if (a.size() == 1 && b.size() == 1)
      std::swap(order.at(static_cast<size_t>(at::maybe_wrap_dim(a[0], rank))),
                order.at(static_cast<size_t>(at::maybe_wrap_dim(b[0], rank))));
  }
  for (size_t d = 0; d < order.size(); ++d)
    if (at::maybe_wrap_dim(order[d], rank) == channels) return static_cast<int64_t>(d);
  return -1;
}

// A map as tokens, or further tokens in front of them.
bool puts_places_in_a_row(const Node& node, const at::Tensor& made, int64_t channels) {
  if (made.dim() != 3) return false;
  return (node.kind() == jit::aten::flatten && channels == 1) || node.kind() == jit::aten::constant_pad_nd;
}

// What is known of a value: which pixels each of its numbers sees, and which of its dimensions are the channels.
struct Sight {
  ReceptiveField field;
  int64_t channels = 1;
};

class Measurer {
 public:
  Measurer(const jit::Graph& graph, const Tensors& tensors) : tensors_(tensors) { seen_[graph.inputs()[1]] = {}; }

  // The field of what the node gives; none where it does not come from the pixels.
  std::optional<ReceptiveField> field(const Node& node) {
    std::optional<Sight> joined;
    std::vector<at::Tensor> read;
    for (const Value* input : node.inputs()) {
      const auto known = seen_.find(input);
      if (known == seen_.end()) continue;
      if (const auto tensor = tensors_.find(input); tensor != tensors_.end()) read.push_back(tensor->second);
      if (!joined)
        joined = known->second;
      else
        joined->field = united(joined->field, known->second.field);
    }
    if (!joined) return {};
    const auto made = node.outputs().size() == 1 ? tensors_.find(node.output()) : tensors_.end();
    if (const auto window = window_of(node, tensors_))
      joined->field = through_window(joined->field, *window);
    else if (!read.empty() && made != tensors_.end())
      follow(node, read, made->second, *joined);
    for (const Value* value : node.outputs()) seen_[value] = *joined;
    return joined->field;
  }

  // 0 for an operation in place and for a view.
  int64_t new_bytes(const Node& node) const {
    int64_t bytes = 0;
    for (const Value* value : node.outputs()) {
      const auto output = tensors_.find(value);
      if (output == tensors_.end()) continue;
      const bool shared = std::any_of(node.inputs().begin(), node.inputs().end(), [&](const Value* input) {
        const auto tensor = tensors_.find(input);
        return tensor != tensors_.end() && tensor->second.is_alias_of(output->second);
      });
      if (!shared) bytes += output->second.numel() * 4;
    }
    return bytes;
  }

 private:
  // An operation without a window: it moves the channels, works on them, or brings places together.
  static void follow(const Node& node, const std::vector<at::Tensor>& read, const at::Tensor& made, Sight& sight) {
    const int64_t rank = read[0].dim();
    const bool on_channels = rank > 2 && sight.channels == rank - 1;  // what works on the last dimension does
    const auto kind = node.kind();
    if (kind == jit::aten::permute || kind == jit::aten::transpose)
      sight.channels = moved(node, sight.channels, rank);
    else if (kind == jit::aten::linear || kind == jit::aten::matmul || kind == jit::aten::bmm)
      sight.field.whole |= read.size() > 1 || !on_channels;
    else if (kind == jit::aten::layer_norm)
      sight.field.whole |= numbers(node.inputs()[1]).size() != 1 || !on_channels;
    else if (!puts_places_in_a_row(node, made, sight.channels))
      sight.field.whole |= std::any_of(
          read.begin(), read.end(), [&](const at::Tensor& value) { return !same_places(value, made, sight.channels); });
  }

  const Tensors& tensors_;
  std::map<const Value*, Sight> seen_;
};

// The row that a layer counts for: its own, or the longest that it stands below.
size_t row_of(const std::string& layer, const std::vector<std::string>& names) {
  size_t found = names.size();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == layer) return i;
    if (starts_with(layer, names[i] + "/") && (found == names.size() || names[i].size() > names[found].size()))
      found = i;
  }
  return found;
}

}  // namespace

bool operator==(const ReceptiveField& a, const ReceptiveField& b) {
  return a.whole == b.whole && (a.whole || (a.first == b.first && a.size == b.size && a.stride == b.stride));
}

ReceptiveField through_window(const ReceptiveField& input, const Window& window) {
  ReceptiveField output = input;
  if (input.whole) return output;
  for (size_t axis = 0; axis < 2; ++axis) {
    output.first[axis] = input.first[axis] - window.before[axis] * input.stride[axis];
    output.size[axis] = input.size[axis] + (window.kernel[axis] - 1) * window.dilation[axis] * input.stride[axis];
    output.stride[axis] = input.stride[axis] * window.strides[axis];
  }
  return output;
}

ReceptiveField united(const ReceptiveField& a, const ReceptiveField& b) {
  if (a.whole) return a;
  if (b.whole) return b;
  ReceptiveField both = a;
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t end = std::max(a.first[axis] + a.size[axis], b.first[axis] + b.size[axis]);
    both.first[axis] = std::min(a.first[axis], b.first[axis]);
    both.size[axis] = end - both.first[axis];
    both.stride[axis] = std::max(a.stride[axis], b.stride[axis]);
  }
  return both;
}

std::vector<LayerCost> layer_costs(const FlatNet& net, const std::vector<std::string>& names,
                                   const at::Tensor& picture) {
  const auto graph = net.graph()->copy();
  const Tensors tensors = tensors_of(net, graph, picture);
  Measurer measurer(*graph, tensors);
  std::vector<LayerCost> costs(names.size());
  for (const Node* node : graph->nodes()) {
    const auto field = measurer.field(*node);
    const size_t row = row_of(node->scopeName(), names);
    if (!field || row == names.size() || node->outputs().size() != 1 || !is_tensor(node->output())) continue;
    costs[row].field = field;
    costs[row].macs += macs_of(*node, tensors, tensors.at(node->output()));
    costs[row].activation_bytes += measurer.new_bytes(*node);
  }
  return costs;
}

}  // namespace cvtool
