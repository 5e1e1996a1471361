// Loss and hits of a pass, added up without waiting for the device at every batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace cvtool {

// Sums over the samples of an epoch; means are weighted by samples, as Keras's are.
struct RunningSums {
  double loss = 0, correct = 0;
  int64_t samples = 0;
  void add(double batch_loss, double batch_correct, int64_t count) {
    loss += batch_loss * static_cast<double>(count);
    correct += batch_correct;
    samples += count;
  }
  double mean_loss() const { return loss / static_cast<double>(samples); }
  double accuracy() const { return correct / static_cast<double>(samples); }
};

// Of a batch, on the device.
struct BatchMetrics {
  at::Tensor loss, correct;  // one number each: the mean, how many are right
  int64_t count = 0;         // samples
};

// What a processor has computed is added at once. Of another device's batches the numbers stay there until a few are
// fetched together, in one copy: until then the device works on and the host runs ahead. The sums are the same, bit for
// bit.
class PassSums {
 public:
  // Called with each batch's mean loss, in order, before it is added; `step` is what add() was told.
  using Check = std::function<void(double loss, int64_t step)>;

  PassSums(RunningSums& sums, Check check) : sums_(sums), check_(std::move(check)) {}

  void add(const BatchMetrics& batch, int64_t step);

  // Waits for what has not been added. Rethrows what the check threw; what came before is added then.
  void fetch();

  // Samples of all batches, of those that wait too.
  int64_t samples() const;

 private:
  struct Waiting {
    BatchMetrics batch;
    int64_t step;
  };

  RunningSums& sums_;
  Check check_;
  std::vector<Waiting> waiting_;
};

}  // namespace cvtool
