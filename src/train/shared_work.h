// What of an epoch several processes put together.
#pragma once

#include "dist/ranks.h"
#include "parts/pass_sums.h"
#include "train/examples.h"
#include "train/training_state.h"

namespace cvtool {

// The rows of all processes; of one process, or where each has all of them, examples.x.
at::Tensor whole_batch(const Examples& examples, Ranks* ranks);

// Throws Error where a rank's weights are not those of rank 0: processors of two kinds may round differently.
void check_same_weights(const NamedTensors& weights, Ranks& ranks);

// A pass whose whole batches are dealt: rank q has number q, and every size-th from there.
class SharedBatches {
 public:
  // The batch's figures, and the last two of `extremes`: the least and largest logits [units], f32.
  void add(const BatchMetrics& batch, const std::vector<at::Tensor>& extremes);

  // Sums and extremes of all batches, in their order. False where any rank was asked to stop: then they are not whole.
  bool gather(Ranks& ranks, bool stop, RunningSums& sums, std::vector<at::Tensor>& extremes) const;

 private:
  std::vector<at::Tensor> batches_;  // loss, hits, count, extremes; f64
};

}  // namespace cvtool
