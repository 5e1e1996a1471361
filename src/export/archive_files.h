// A model as what outlives TorchScript: weights by name in a safetensors file, and the recipe that says what they are.
#pragma once

#include <string>

#include "model/model_file.h"

namespace cvtool {

// What a safetensors file of the weights holds, with everything known of the model in the metadata. Throws Error.
std::string weight_archive_bytes(const ModelFile& model);

// The model again: its net compiled from the recipe, its weights by name. Throws Error naming file and tensor where the
// two do not fit.
ModelFile model_from_weight_archive(const std::string& path);

}  // namespace cvtool
