// Reading TorchScript that may come from anywhere, and trying out what it does.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <exception>
#include <string>

#include "base/fields.h"

namespace cvtool {

// What a module is read from, and how messages about it go on.
struct TorchscriptSource {
  const std::string& path;
  const std::string& bytes;
  std::string next_step;  // where the file is damaged: "copy or train it again"
};

// On the CPU; the entries named in `extra` are read too. Throws Error naming the file: a damaged archive, one that
// holds something else, TorchScript of a newer version or with an operation that this LibTorch does not have.
torch::jit::Module load_torchscript(const TorchscriptSource& source, torch::jit::ExtraFilesMap& extra);

// Features that `module` gives for two black pictures [2,3,H,W] f32. Throws Error beginning with `place` unless they
// are one float32 tensor [2,...] of at least two dimensions, and one picture alone gives the same shape but for its
// first size.
at::Tensor trial_output(const torch::jit::Module& module, const ImageSize& size, const std::string& place);

// The line of LibTorch's message that says what is wrong; a stack trace stands around it.
std::string libtorch_reason(const std::string& what);

}  // namespace cvtool
