// Where a training is, and the file that it goes on from.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/observer.h"
#include "parts/pass_sums.h"

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
// one lies on the disk, as the system says; whether it does is known when it is read, by its checksums. Throws Error;
// then the old one is still there.
void save_checkpoint(const std::string& folder, const Checkpoint& checkpoint);

// The newest whole checkpoint of a run's folder: checkpoint.pt, or the previous one where that is damaged (with a
// warning). Nothing where there is neither. Throws Error naming the file when there is no whole one.
std::optional<Checkpoint> load_checkpoint(const std::string& folder);

// Weights and batch statistics as they were at the end of an epoch, of all that has been trained so far. Never changed
// in place. On the run's device.
struct Snapshot {
  int64_t epoch = 0;  // 0: there is none yet
  NamedTensors weights;
};

// Lays the snapshot's weights over those of a net that have their names.
void put_into(const Snapshot& snapshot, torch::jit::Module net);

// Where a training is: all that decides how it goes on.
struct TrainingState {
  int64_t epoch = 1;        // the one that runs; one more than the run has when all are done
  int64_t batches = 0;      // of it that are done
  int64_t all_batches = 0;  // of all epochs: what dropout draws by
  int64_t updates = 0;      // of the weights, in all epochs
  RunningSums sums;         // of the epoch
  double seconds = 0;       // spent on the epoch before it was interrupted
  std::vector<EpochReport> history;
  bool same_answer = false;  // in the last epoch every photo that was looked at got the same logits
  Snapshot best, last;
  // Of the phase that runs: its first epoch, and its optimizer.
  int64_t phase = 1;
  double lr = 0;  // of the last step
  int64_t optimizer_steps = 0;
  double loss_scale = 65536;
  int64_t steps_at_scale = 0;
  // "weights/NAME", "average/NAME" and "optimizer/N": what the phase that runs goes on from; filled for a checkpoint
  // and when one is read, else empty.
  NamedTensors tensors;
};

Checkpoint checkpoint_of(const TrainingState& state);

// Throws Error where the checkpoint lacks something.
TrainingState state_from(const Checkpoint& checkpoint);

}  // namespace cvtool
