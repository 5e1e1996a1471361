// What a training step is fed: one split, batch by batch, whatever the examples are made of.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace cvtool {

struct Examples {
  at::Tensor x;       // what TrainingPhase::logits takes: pixels [N,3,H,W] u8 or f32, or features [N,...] f32
  at::Tensor labels;  // [N] i64, or [N,K] f32 whose rows sum to 1 where labels are mixed; on x's device
};

// Which samples a pass takes, in order: indices into a split's samples. A function of the epoch alone.
using EpochOrder = std::function<std::vector<size_t>(int64_t epoch)>;

class ExampleSource {
 public:
  virtual ~ExampleSource() = default;
  // Examples in a pass.
  virtual int64_t size() const = 0;
  // Starts the pass of an epoch (1, 2, ...). Its first `skip` batches are left out: an epoch that is resumed.
  virtual void begin(int64_t epoch, int64_t skip = 0) = 0;
  // The next batch, or false at the end of the pass.
  virtual bool next(Examples& examples) = 0;
};

}  // namespace cvtool
