// An ONNX file, read back by programs other than the one that wrote it.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace cvtool {

struct OnnxCheck {
  std::string reader;     // "OpenCV 4.6.0" or "cvtool's interpreter"
  std::string refused;    // why this reader cannot read it; empty: it did
  double difference = 0;  // see relative_difference
  at::Tensor outputs;     // what it gave; undefined: nothing
  std::string caveat;     // why its outputs say nothing about the file; empty: they do
};

struct OnnxReport {
  std::vector<OnnxCheck> checks;
  at::Tensor outputs;        // of the interpreter, for every picture
  double milliseconds = -1;  // OpenCV's for one picture; below 0: it cannot read the file
};

// Reads the file's bytes with cvtool's interpreter, and its twin (see opencv_twin) with OpenCV at batch 1 and 7, runs
// `images` [N,C,H,W] f32 and compares with `expected`.
OnnxReport check_onnx(const std::string& bytes, const at::Tensor& images, const at::Tensor& expected);

}  // namespace cvtool
