// An ONNX file of cvtool as a model: its graph is the module's one operation, computed by cvtool's interpreter or by
// ONNX Runtime. It can be asked and measured; there are no layers and no weights in it that could be looked at or
// trained.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>

#include "base/json.h"
#include "onnx/onnx_seal.h"

namespace cvtool {

struct OnnxFile {
  std::string path;  // for messages
  OnnxModel graph;
  Json info;           // see checked_model_info; its golden probabilities are the graph's own
  std::string golden;  // the bytes of the golden picture
};

// Throws Error naming the file: damaged, of another program, a backbone, of a newer format.
OnnxFile read_onnx_file(const std::string& path, const std::string& bytes);

// The module (see Net::module) on the CPU, its probabilities those of the graph. `library`: "" for cvtool's
// interpreter, else see onnx_runtime_library. Throws Error naming the file: a graph that cannot be run, or, of ONNX
// Runtime, UsageError.
torch::jit::Module module_of(const OnnxFile& file, const std::string& library = "");

// What an ONNX file says of the model, as text; "" where it is none, or not of cvtool.
std::string info_in_onnx_file(const std::string& bytes);

// ONNX Runtime's version, where `module` is one of a file that it runs; "" for all others.
std::string onnx_runtime_of(const torch::jit::Module& module);

}  // namespace cvtool
