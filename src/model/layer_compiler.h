// Layers of a specification -> TorchScript modules.
#pragma once

#include <torch/script.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/blocks.h"
#include "model/compile.h"
#include "model/layer.h"

namespace cvtool {

// Where in the net the compiler is.
struct Scope {
  std::string path;   // "head/residual": keys initial weights
  std::string row;    // "residual/": prefix of the table's names
  std::string place;  // "model.layers": start of error messages
  Parameters parameters;
  int depth = 0;
  std::vector<std::string> blocks = {};  // that it is inside of, the outermost first
};

// Compiles all layers of one net into one compilation unit.
class LayerCompiler {
 public:
  // Both outlive this. `any_size`: the layers must take pictures of any size. Throws UsageError where spec.parameters
  // is not an object.
  LayerCompiler(const NetTarget& target, const NetSpec& spec, bool any_size);

  // A module whose forward runs the layers one after the other; `shape` goes from input to output. Throws UsageError
  // naming the layer.
  torch::jit::Module sequence(const Json& layers, Shape& shape, const Scope& scope, const std::string& class_name);
  torch::jit::Module preprocess(const Json& spec, const Shape& shape);  // of a word or the keys of rescale
  // The same of a base, which takes three channels; of a grey input it makes three equal ones first. `shape` becomes
  // the base's.
  torch::jit::Module preprocess_for_base(const Json& spec, Shape& shape);
  const Parameters& parameters() const { return parameters_; }  // of the whole net
  LayerContext context(const Shape& shape) const;               // of a layer whose input is `shape`

  std::vector<SummaryRow> rows;  // of the layers so far

 private:
  torch::jit::Module layer(const Json& spec, const std::string& kind, Shape& shape, const Scope& scope);
  torch::jit::Module simple(const LayerKind& kind, const Json& spec, Shape& shape, const Scope& scope);
  torch::jit::Module residual(const Json& spec, Shape& shape, const Scope& scope);
  torch::jit::Module branches(const Json& spec, Shape& shape, const Scope& scope);
  torch::jit::Module block(const std::string& name, const Json& spec, Shape& shape, const Scope& scope);
  [[noreturn]] void unknown_kind(const std::string& kind, const Scope& scope) const;

  const NetTarget& target_;
  const Json& blocks_;
  const bool any_size_;
  int64_t layers_ = 0;     // so far, those that hold others among them
  Parameters parameters_;  // of the whole net
  std::shared_ptr<torch::jit::CompilationUnit> unit_ = std::make_shared<torch::jit::CompilationUnit>();
};

}  // namespace cvtool
