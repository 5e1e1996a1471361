#include "export/onnx/write.h"

#include <torch/csrc/jit/passes/inliner.h>
#include <torch/script.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "export/onnx/operation.h"
#include "model/stages.h"

namespace cvtool {
namespace {

const OperationKind* find_kind(std::string name) {
  // relu_ is relu in place.
  if (name.size() > 1 && name.back() == '_') name.pop_back();
  for (const auto* kinds : {&activation_kinds(), &arithmetic_kinds(), &convolution_kinds(), &shape_kinds()})
    for (const OperationKind& kind : *kinds)
      if (name == kind.name) return &kind;
  return nullptr;
}

std::string place_of(const torch::jit::Node& node) {
  const std::string scope = node.scopeName();
  return scope.empty() ? "" : " (in " + scope + ")";
}

void write_node(OnnxBuilder& builder, const torch::jit::Node& node, const std::vector<Traced*>& inputs,
                std::vector<Traced>& outputs) {
  Operation operation(builder, node, inputs, outputs);
  const OperationKind* kind = find_kind(operation.kind());
  if (!kind && (starts_with(operation.kind(), "quantized::") || starts_with(operation.kind(), "aten::quantize_")))
    throw Error("is quantized ('" + operation.kind() + "'" + place_of(node) +
                "), which is not written to ONNX; export the net as it was before, and --precision int8 quantizes it");
  if (!kind)
    throw Error("cannot write the operation '" + operation.kind() + "' to ONNX" + place_of(node) +
                ": cvtool has no rule for it");
  kind->write(operation);
}

}  // namespace

std::vector<std::string> onnx_operations() {
  std::vector<std::string> names;
  for (const auto* kinds : {&activation_kinds(), &arithmetic_kinds(), &convolution_kinds(), &shape_kinds()})
    for (const OperationKind& kind : *kinds) names.emplace_back(kind.name);
  std::sort(names.begin(), names.end());
  return names;
}

OnnxModel onnx_from_torchscript(const torch::jit::Module& module, const at::Tensor& example, const std::string& output,
                                int64_t opset) {
  at::NoGradGuard no_grad;
  const torch::jit::Module frozen = frozen_module(module);
  const auto method = frozen.get_method("forward");
  const auto graph = method.graph()->copy();
  torch::jit::Inline(*graph);
  const at::Tensor x = example.contiguous();
  Traced self{{frozen._ivalue(), frozen._ivalue()}, "", {}};
  Traced images{{x.narrow(0, 0, kTraceBatches[0]).clone(), x.narrow(0, 0, kTraceBatches[1]).clone()}, "images", {}};
  if (graph->inputs().size() != 2) throw Error("cannot be written to ONNX: its forward takes more than one input");
  OnnxBuilder builder(opset);
  GraphTracer tracer([&](const torch::jit::Node& node, const std::vector<Traced*>& inputs,
                         std::vector<Traced>& outputs) { write_node(builder, node, inputs, outputs); });
  const auto results = tracer.run(*graph, {self, images});
  if (results.size() != 1 || !results[0].value[0].isTensor())
    throw Error("cannot be written to ONNX: its forward does not return one tensor");
  if (results[0].name.empty()) throw Error("cannot be written to ONNX: its result does not depend on the pixels");
  const at::Tensor y = results[0].value[0].toTensor();
  builder.model.nodes.push_back({"Identity", output, {results[0].name}, {output}, {}});
  builder.model.input = {"images", OnnxType::kFloat, x.sizes().vec()};
  builder.model.output = {output, OnnxType::kFloat, y.sizes().vec()};
  builder.model.input.dims[0] = builder.model.output.dims[0] = -1;
  return std::move(builder.model);
}

}  // namespace cvtool
