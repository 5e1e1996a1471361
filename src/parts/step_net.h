// A net as steps of training see it: gradients of a batch in, logits out.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace cvtool {

class Ranks;

// Mean loss (f32, one number, with gradients) of the logits of some rows with their labels.
using RowsLoss = std::function<at::Tensor(const at::Tensor& logits, const at::Tensor& labels)>;

// Rows of a batch of `of`: all, or those that this process computes of a batch that several share.
struct BatchShare {
  int64_t first = 0, count = 0, of = 0;
  bool whole() const { return count == of; }
};

// The share of a batch of so many rows and so many numbers.
using ShareRule = std::function<BatchShare(int64_t rows, int64_t numbers)>;

struct StepBatch {
  at::Tensor x, labels;  // of as many rows, on the net's device: those of `share`
  uint64_t seed = 0;     // of what dropout draws
  at::Tensor scale;      // of half precision: what the loss is multiplied by, f32, one number on the device; else none
  BatchShare share{};    // as share_rule gives it; of 0: the whole batch
};

struct StepResult {
  at::Tensor loss;           // mean over the batch: one number, detached, on the net's device
  at::Tensor logits;         // [N,units], detached; of the rows that were given
  double forward_share = 0;  // of the time that it took: what went forward, from 0 to 1
};

// What the stages, called one after the other, make of x.
at::Tensor run_stages(const std::vector<torch::jit::Module>& stages, const at::Tensor& x);

// How long a pass took there and back.
class StepClock {
 public:
  void forward_ends() { turned_ = Clock::now(); }
  void backward_ends() { ended_ = Clock::now(); }
  double forward_s() const { return seconds(turned_ - started_); }
  double backward_s() const { return seconds(ended_ - turned_); }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

  Clock::time_point started_ = Clock::now(), turned_ = started_, ended_ = started_;
};

double forward_share(const std::vector<StepClock>& clocks);

class StepNet {
 public:
  virtual ~StepNet() = default;

  // Adds `factor` times the gradients of the mean loss, scaled, to those of the stages' parameters: of the whole batch,
  // whoever computes which rows. On a device other than a processor it is only asked for: nobody waits.
  virtual StepResult step(const StepBatch& batch, double factor, const RowsLoss& loss) = 0;
  // The mean loss of such a step, without gradients: f64, one number on the net's device. Nobody waits for that either.
  virtual at::Tensor loss_of(const StepBatch& batch, const RowsLoss& loss) = 0;
  // Which rows of each batch this process computes. What is returned outlives the net.
  virtual ShareRule share_rule() const {
    return [](int64_t rows, int64_t) { return BatchShare{0, rows, rows}; };
  }
  // [N,units] f32: of the stages as they are now, in the mode they are in, without gradients, in float32.
  virtual at::Tensor evaluate(const at::Tensor& x) = 0;
  // task(0) .. task(count - 1), at once where there are cores for it.
  virtual void for_each(size_t count, const std::function<void(size_t)>& task) = 0;
};

struct StepNetPlan {
  std::vector<torch::jit::Module> stages;  // called one after the other; now in the mode of training
  at::Device device = at::kCPU;
  at::ScalarType precision = at::kFloat;  // of steps
  bool whole = false;                     // batches are not cut
  Ranks* ranks = nullptr;                 // processes that share each batch; null: this one alone. They outlive the net
};

// On a processor a net whose batches are cut into parts, each computed by one core: what comes out depends on the net
// and the batch, not on the number of cores. On other devices, and for plan.whole, one that is given each batch whole.
std::unique_ptr<StepNet> step_net(const StepNetPlan& plan);

}  // namespace cvtool
