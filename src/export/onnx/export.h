// A model as an ONNX file that explains and checks itself.
#pragma once

#include <string>
#include <vector>

#include "export/torchscript.h"
#include "model/model_file.h"
#include "onnx/onnx_model.h"

namespace cvtool {

struct OnnxOptions {
  int64_t opset = kOnnxOpsets[0].number;
  // What is done to the graph afterwards; told in its metadata.
  std::string precision = "fp32";
  bool resize_inside = false;
};

// The module in float32, for pictures of `size`. With `model` (null: a TorchScript file of somebody else) the input is
// RGB or grey 0..255, the output "probabilities", and classes, preprocessing and the golden sample are in the metadata;
// otherwise the output is "features".
OnnxModel onnx_of_model(const torch::jit::Module& module, const ModelFile* model, const ImageSize& size,
                        const OnnxOptions& options = {});

// Adds the licence of a pretrained base's weights, "licence" in what is known of the base, as "base_licence". Null or
// without one: adds nothing. onnx_of_model has done so for a model.
void add_base_licence(OnnxModel& onnx, const Json& base);

// The model in int8 (QuantizeLinear and DequantizeLinear around convolutions and matrix products): weights by output
// channel, activations by the smallest and largest value that they take for `pixels` [N,C,H,W] u8.
OnnxModel quantized(const OnnxModel& model, const at::Tensor& pixels);

// A node that stays float32, and the largest absolute value that it gives.
struct WideValue {
  std::string node;
  double largest = 0;
};

// The model in fp16 between its first convolution or product and its logits; input and output stay float32. A node
// whose values for `pixels` [N,C,H,W] u8, or whose constants, come near the largest number of half precision stays
// float32 and is told in `wide`.
OnnxModel halved(const OnnxModel& model, const at::Tensor& pixels, std::vector<WideValue>& wide);

// A model that takes pictures [N,C,h,w] of any size and resizes them as train, eval and predict do. Throws UsageError
// for an interpolation that cannot be put inside.
OnnxModel with_resize_inside(const OnnxModel& model, const ResizeRule& rule);

}  // namespace cvtool
