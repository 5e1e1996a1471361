// A classifier with every call inside it written out as one list of operations, so that each value in it can be
// looked at, whoever made its parts: cvtool, or torch.jit.trace, script and freeze.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <string>
#include <vector>

namespace cvtool {

// A named value of the net: what a layer gives.
struct FlatLayer {
  std::string name;                  // as `cvtool summary` prints it: "conv2d", "residual/conv2d"
  std::vector<std::string> aliases;  // further names of the same value
  size_t output = 0;                 // which output of the graph it is
};

class FlatNet {
 public:
  // Takes `module` (see Net::module) in evaluation mode and writes out its method `logits`, or `forward` of a backbone.
  // The module is not changed. Where several convolutions stand in one piece of code without submodules (a traced or
  // frozen net), its operations are layers, numbered in their order: "base/conv2d", "base/relu", "base/conv2d_1".
  explicit FlatNet(const torch::jit::Module& module, const std::string& method = "logits");

  // In the order of computation.
  const std::vector<FlatLayer>& layers() const { return layers_; }
  // Index into layers(). Throws UsageError naming the nearest name.
  size_t find(const std::string& name) const;

  // Inputs: the module and the pixels. Outputs: the method's, then the layers' values. The scope of a node is the name
  // of the layer that it belongs to.
  std::shared_ptr<torch::jit::Graph> graph() const { return graph_; }
  // Runs a copy of graph() that may have other outputs; `pixels` [N,C,H,W], RGB 0..255, on the module's device.
  std::vector<at::Tensor> run(const std::shared_ptr<torch::jit::Graph>& graph, const at::Tensor& pixels) const;

 private:
  torch::jit::Module module_;
  std::shared_ptr<torch::jit::Graph> graph_;
  std::vector<FlatLayer> layers_;
};

// True for the operations that are convolutions.
bool is_convolution(const torch::jit::Node& node);

}  // namespace cvtool
