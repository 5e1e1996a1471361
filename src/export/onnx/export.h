// A model as an ONNX file that explains and checks itself.
#pragma once

#include <string>

#include "export/onnx/onnx_model.h"
#include "model/model_file.h"

namespace cvtool {

// The module in float32. With `model` (null: a TorchScript file of somebody else) the input is RGB 0..255, the output
// "probabilities", and classes, preprocessing and the golden sample are in the metadata; otherwise the output is
// "features".
OnnxModel onnx_of_model(const torch::jit::Module& module, const ModelFile* model, const ImageSize& size);

// Adds the licence of a pretrained base's weights, "licence" in what is known of the base, as "base_licence". Null or
// without one: adds nothing. onnx_of_model has done so for a model.
void add_base_licence(OnnxModel& onnx, const Json& base);

// The model in int8 (QuantizeLinear and DequantizeLinear around convolutions and matrix products): weights by output
// channel, activations by the smallest and largest value that they take for `pixels` [N,3,H,W] u8.
OnnxModel quantized(const OnnxModel& model, const at::Tensor& pixels);

// Adds the digest of everything else to the metadata.
void add_onnx_digest(OnnxModel& model);

// What a sealed file says and whether it holds.
struct OnnxSeal {
  std::string stored, computed;  // digests; stored "": there is none
  bool whole = false;            // the bytes are exactly those that cvtool writes for this model
};
OnnxSeal onnx_seal(const std::string& bytes);

// Largest difference between the stored probabilities of the golden picture and those of the graph here; below 0 when
// the file carries none.
double onnx_golden_difference(const OnnxModel& model);

// The value of a metadata key, "" when it is missing.
std::string onnx_metadata(const OnnxModel& model, const std::string& key);

}  // namespace cvtool
