// A frozen model for other programs: torch.jit.load in Python or C++, nothing of cvtool needed.
#pragma once

#include <string>

#include "model/model_file.h"

namespace cvtool {

// Writes `model` frozen (weights as constants, batch norm folded; forward, logits and probabilities are kept), reads it
// back with a fresh interpreter and compares it on the golden picture and on 64 random ones. Returns the largest
// difference of a probability. Throws Error, and leaves no file, when it exceeds 1e-5.
double export_torchscript(const ModelFile& model, const std::string& path);

}  // namespace cvtool
