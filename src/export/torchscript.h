// A frozen model for other programs: torch.jit.load in Python or C++, nothing of cvtool needed.
#pragma once

#include <string>

#include "model/model_file.h"

namespace cvtool {

struct TorchscriptOptions {
  std::string precision = "fp32";  // how weights are kept: fp32, bf16, fp16 or int8; computing is float32
  bool with_resize = false;        // takes pictures of any size
};

// `model` frozen (weights as constants, batch norm folded) with its methods forward, logits and probabilities, and with
// the attributes `classes`, `golden_picture` and `golden_probabilities`; its golden sample is taken anew. Throws
// UsageError when its way of resizing cannot be put inside.
ModelFile frozen_for_export(const ModelFile& model, const TorchscriptOptions& options);

}  // namespace cvtool
