// A TorchScript graph, followed value by value on two batch sizes at once. What comes out the same for both is a
// constant; a size that differs is the batch. So scripted and traced modules, with their computed shapes and
// branches, become a straight list of operations.
#pragma once

#include <torch/script.h>

#include <array>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cvtool {

constexpr std::array<int64_t, 2> kTraceBatches{2, 3};

// A value of the graph.
struct Traced {
  std::array<c10::IValue, 2> value;  // for each of kTraceBatches
  std::string name;                  // the ONNX value, where it depends on the pixels; "": a constant
  std::vector<Traced> items;         // of a list or tuple
  bool depends_on_pixels() const;
};

// Writes one operation: gets its node, its inputs and its outputs (whose `value` is known) and names the outputs.
using WriteOperation =
    std::function<void(const torch::jit::Node&, const std::vector<Traced*>& inputs, std::vector<Traced>& outputs)>;

class GraphTracer {
 public:
  explicit GraphTracer(WriteOperation write) : write_(std::move(write)) {}

  // Runs `graph` (inlined) on `inputs`; returns its outputs. Throws Error naming an operation whose result cannot
  // be followed.
  std::vector<Traced> run(const torch::jit::Graph& graph, const std::vector<Traced>& inputs);

 private:
  void block(const torch::jit::Block& block);
  void node(const torch::jit::Node& node);
  void structure(const torch::jit::Node& node);
  void branch(const torch::jit::Node& node);
  void loop(const torch::jit::Node& node);
  void operation(const torch::jit::Node& node);
  Traced& at(const torch::jit::Value* value);

  WriteOperation write_;
  std::unordered_map<const torch::jit::Value*, Traced> values_;
};

}  // namespace cvtool
