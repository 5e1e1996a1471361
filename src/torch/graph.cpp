#include "torch/graph.h"

#include <set>
#include <string>

namespace cvtool {
namespace {

using torch::jit::Block;
using torch::jit::Node;

void append_nodes(Block& block, std::vector<Node*>& nodes) {
  for (Node* node : block.nodes()) {
    nodes.push_back(node);
    for (Block* inner : node->blocks()) append_nodes(*inner, nodes);
  }
}

}  // namespace

std::vector<Node*> nodes_of(Block& block) {
  std::vector<Node*> nodes;
  append_nodes(block, nodes);
  return nodes;
}

std::vector<Node*> nodes_of(const torch::jit::Module& module) {
  std::vector<Node*> nodes;
  for (const torch::jit::Module& part : module.modules())
    for (const torch::jit::Method& method : part.get_methods()) append_nodes(*method.graph()->block(), nodes);
  return nodes;
}

bool is_rounded_by_autocast(const Node& node) {
  static const std::set<std::string> names{"conv1d", "conv2d", "conv3d", "linear", "matmul"};
  return node.kind().is_aten() && names.count(node.kind().toUnqualString()) > 0;
}

}  // namespace cvtool
