// The file that a run goes on from: tensors by name and what else is known, checked bit by bit when it is read.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace cvtool {

// Tensors by their names, in a fixed order.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// The tensor of that name, or nullptr.
const at::Tensor* find_tensor(const NamedTensors& tensors, const std::string& name);

struct Checkpoint {
  Json facts;            // numbers keep every bit
  NamedTensors tensors;  // on the CPU when read
};

constexpr const char* kCheckpointFile = "checkpoint.pt";
constexpr const char* kPreviousCheckpointFile = "checkpoint.previous.pt";

// Writes FOLDER/checkpoint.pt (torch.load reads it). The one that was there becomes checkpoint.previous.pt once the new
// one lies on the disk and has been read back unchanged. Throws Error; then the old one is still there.
void save_checkpoint(const std::string& folder, const Checkpoint& checkpoint);

// The newest whole checkpoint of a run's folder: checkpoint.pt, or the previous one where that is damaged (with a
// warning). Nothing where there is neither. Throws Error naming the file when there is no whole one.
std::optional<Checkpoint> load_checkpoint(const std::string& folder);

}  // namespace cvtool
