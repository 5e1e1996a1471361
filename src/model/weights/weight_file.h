// Reads any weight file, told apart by its content, without LibTorch.
#pragma once

#include "model/weights/raw_tensor.h"

namespace cvtool {

// torch.save (zip and old format), safetensors, Keras HDF5 or tfjs model.json. Tensors are checked
// (check_tensors). Throws Error naming the file, what is wrong and the next step.
RawStateDict read_weight_file(const std::string& path);

}  // namespace cvtool
