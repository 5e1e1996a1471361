// What an ONNX file of cvtool says of itself, and whether it holds: a digest of everything else, and a picture with
// what the graph must say of it.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "onnx/onnx_model.h"

namespace cvtool {

// Keys of the metadata.
constexpr const char* kOnnxDigest = "cvtool.digest";
constexpr const char* kOnnxGoldenPicture = "golden_picture";

// Adds the probabilities of the golden picture, where there is one, and the digest of everything else to the metadata.
void add_onnx_digest(OnnxModel& model);

// What a sealed file says and whether it holds.
struct OnnxSeal {
  std::string stored, computed;  // digests; stored "": there is none
  bool whole = false;            // the bytes are exactly those that cvtool writes for this model
};
OnnxSeal onnx_seal(const std::string& bytes);

// The probabilities that the file says of its golden picture; empty where they are no list of numbers.
std::vector<double> onnx_golden_probabilities(const OnnxModel& model);

// Largest difference between them and those of the graph here; below 0 when the file carries no golden picture.
double onnx_golden_difference(const OnnxModel& model);

// The value of a metadata key, "" when it is missing.
std::string onnx_metadata(const OnnxModel& model, const std::string& key);

// The digest that the file at `path` says of itself; "" where it is damaged or carries none.
std::string onnx_digest_of_file(const std::string& path);

// max |a - b| / max |b|, 1 where anything is not finite or shapes differ.
double relative_difference(const at::Tensor& a, const at::Tensor& b);

}  // namespace cvtool
