// A model as what outlives TorchScript: a safetensors file of its weights by name, with all that is known of the model
// in the metadata. It holds nothing that runs: the net is compiled anew from the recipe, and the base from its own
// spec.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>

#include "model/archive.h"
#include "model/model_file.h"
#include "model/state_dict.h"

namespace cvtool {

// What such a file holds, with a digest of its bytes; the same model gives the same bytes. A base of models/bases goes
// in with its spec, any other is named by its digest and must be there where the file is read. `model` is none of the
// exported ones (info "export"), whose weights have no names any more. Throws Error.
std::string weight_archive_bytes(const ModelFile& model);

// True where the bytes are safetensors, or nothing that is known under the name *.safetensors.
bool is_weight_archive(const std::string& path, const std::string& bytes);
bool is_weight_archive(const std::string& path);

// What the file's metadata say of the model, as text; "" where it is no such file.
std::string info_in_weight_archive(const std::string& path);

struct WeightArchive {
  std::string path;                // for messages
  StateDict weights;               // by the names of the module's parameters and buffers
  Json info;                       // see checked_model_info
  std::string golden;              // the bytes of the golden picture
  double temperature = 1;          // the attribute of the module
  bool independent_units = false;  // see NetTarget
  ArchiveDigest digest;            // stored: "" in files of 0.1.0, which have none
};

// Throws Error naming the file: damaged, of another program, of a newer format.
WeightArchive read_weight_archive(const std::string& path, const std::string& bytes);

// The model's module, in evaluation mode. A base that is not in the file is `base`, or where that is null the one with
// its digest in backbone_folders(). Throws Error naming the file: a net that cannot be compiled, tensors that are not
// those of the net, a base that is not there, with the command that gets it.
torch::jit::Module module_of(const WeightArchive& archive, const torch::jit::Module* base = nullptr);

}  // namespace cvtool
