#include "onnx/classifier_graph.h"

#include <unordered_map>
#include <unordered_set>

#include "base/error.h"

namespace cvtool {
namespace {

class Producers {
 public:
  explicit Producers(const OnnxModel& model) {
    for (const OnnxNode& node : model.nodes)
      if (node.outputs.size() == 1) nodes_[node.outputs[0]] = &node;
  }

  // The node that gives the value, one that only passes it on left out; null: there is none.
  const OnnxNode* of(const std::string& value) const {
    const OnnxNode* node = find(value);
    while (node && (node->op == "Identity" || node->op == "Cast") && node->inputs.size() == 1)
      node = find(node->inputs[0]);
    return node;
  }

 private:
  const OnnxNode* find(const std::string& value) const {
    const auto found = nodes_.find(value);
    return found == nodes_.end() ? nullptr : found->second;
  }
  std::unordered_map<std::string, const OnnxNode*> nodes_;
};

bool is_op(const OnnxNode* node, const char* op, size_t inputs) {
  return node && node->op == op && node->inputs.size() == inputs;
}

// Whether the node gives 1 - p, as a difference or, as TorchScript does it, as -p + 1.
bool is_rest_of(const OnnxNode* node, const OnnxNode* p, const Producers& producers) {
  if (is_op(node, "Sub", 2)) return producers.of(node->inputs[1]) == p;
  if (!is_op(node, "Add", 2)) return false;
  const OnnxNode* negative = producers.of(node->inputs[0]);
  return is_op(negative, "Neg", 1) && producers.of(negative->inputs[0]) == p;
}

// Of [1 - p, p], p a sigmoid.
const OnnxNode* sigmoid_of_pair(const OnnxNode* last, const Producers& producers) {
  if (!is_op(last, "Concat", 2)) return nullptr;
  const OnnxNode *no = producers.of(last->inputs[0]), *yes = producers.of(last->inputs[1]);
  return is_op(yes, "Sigmoid", 1) && is_rest_of(no, yes, producers) ? yes : nullptr;
}

// Backwards from the output; what is not reached goes.
void drop_unread(OnnxModel& model) {
  std::unordered_set<std::string> read{model.output.name};
  std::vector<OnnxNode> nodes;
  for (auto node = model.nodes.rbegin(); node != model.nodes.rend(); ++node) {
    if (node->outputs.empty() || !read.count(node->outputs[0])) continue;
    read.insert(node->inputs.begin(), node->inputs.end());
    nodes.insert(nodes.begin(), *node);
  }
  model.nodes = std::move(nodes);
  std::vector<OnnxTensor> constants;
  for (OnnxTensor& tensor : model.constants)
    if (read.count(tensor.name)) constants.push_back(std::move(tensor));
  model.constants = std::move(constants);
}

}  // namespace

LogitsGraph logits_graph(const OnnxModel& model) {
  const Producers producers(model);
  const OnnxNode* last = producers.of(model.output.name);
  LogitsGraph out{model, OnnxHead::kSoftmax};
  if (const OnnxNode* sigmoid = sigmoid_of_pair(last, producers)) {
    out.head = OnnxHead::kOneUnit;
    last = sigmoid;
  } else if (is_op(last, "Sigmoid", 1)) {
    out.head = OnnxHead::kSigmoids;
  } else if (!is_op(last, "Softmax", 1)) {
    throw Error("does not end in the probabilities of a classifier");
  }
  const auto& dims = model.output.dims;
  const int64_t units = out.head == OnnxHead::kOneUnit ? 1 : dims.size() == 2 ? dims[1] : -1;
  out.model.output = {last->inputs[0], OnnxType::kFloat, {-1, units}};
  out.model.metadata.clear();
  drop_unread(out.model);
  if (out.model.nodes.empty()) throw Error("computes nothing from its pixels");
  return out;
}

}  // namespace cvtool
