// What a training step is fed: one split, batch by batch, whatever the examples are made of.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "base/error.h"
#include "parts/step_net.h"

namespace cvtool {

struct Examples {
  at::Tensor x;        // what TrainingPhase::logits takes: pixels [N,C,H,W] u8 or f32, or features [N,...] f32
  at::Tensor labels;   // [N] i64, or [N,K] f32 whose rows sum to 1 where labels are mixed; on x's device
  BatchShare share{};  // of the batch, where several processes share it; of 0: x is all of it

  int64_t rows_of_batch() const { return share.of > 0 ? share.of : labels.size(0); }
};

// Which samples a pass takes, in order: indices into a split's samples. A function of the epoch alone.
using EpochOrder = std::function<std::vector<size_t>(int64_t epoch)>;

// Where one process would go on without the photo, several would no longer work on the same batches.
inline Error vanished_error() {
  return Error(
      "a photo has vanished or changed while several processes train on it (see the warning above); put it back and go "
      "on with --resume, or train anew");
}

class ExampleSource {
 public:
  virtual ~ExampleSource() = default;
  // Examples in a pass.
  virtual int64_t size() const = 0;
  // For several processes, before begin(): of each batch only the rows that `rule` gives are made.
  virtual void share(ShareRule rule) = 0;
  // The same of whole batches: number `first` and every `step`-th from there.
  virtual void deal(int64_t first, int64_t step) = 0;
  // Starts the pass of an epoch (1, 2, ...). Its first `skip` batches are left out: an epoch that is resumed.
  virtual void begin(int64_t epoch, int64_t skip = 0) = 0;
  // The next batch, or false at the end of the pass.
  virtual bool next(Examples& examples) = 0;
};

}  // namespace cvtool
