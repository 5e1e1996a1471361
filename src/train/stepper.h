// One step of training: gradients of a batch or several, then a change of the weights.
#pragma once

#include <memory>
#include <optional>

#include "parts/loss_scale.h"
#include "parts/pass_sums.h"
#include "parts/step_net.h"
#include "train/training_run.h"

namespace cvtool {

class Stepper {
 public:
  // Both outlive it. The phase's stages are in the mode of training.
  Stepper(const TrainingRun& run, const TrainingPhase& phase);

  // Adds a batch's gradients. `number` is the batch's among all of the run: dropout draws by it. Nothing but the loss
  // is known to be finite: check it. On a device other than a processor, nobody waits.
  BatchMetrics add(const Examples& examples, int64_t number);

  // The mean loss in training of a batch that is not learned from, as StepNet's; dropout draws by `number`.
  at::Tensor loss_of(const Examples& examples, int64_t number) const;

  // Which rows of each batch add() is given.
  ShareRule share_rule() const { return net_->share_rule(); }

  // [N,units] f32: the net as it is now, in the mode that it is in, without gradients, in float32.
  at::Tensor evaluate(const at::Tensor& x) const { return net_->evaluate(x); }

  // Changes the weights by the mean gradient of the samples that were added; once in half precision, where gradients
  // may overflow, it leaves them as they are and lowers the scale instead.
  void update(double lr);

  // The optimizer's part of a state.
  void save(TrainingState& state) const;
  void restore(const TrainingState& state);

 private:
  StepBatch batch_of(const Examples& examples, int64_t number) const;
  at::Tensor unscale();  // in half precision: whether every gradient is finite
  void clip();
  // Of the parameters that have one, each in one thread.
  void for_each_gradient(const std::function<void(size_t place, at::Tensor& gradient)>& task);

  const TrainingRun& run_;
  std::unique_ptr<StepNet> net_;
  Optimizer optimizer_;
  std::vector<at::Tensor> parameters_;
  RowsLoss loss_ = [this](const at::Tensor& logits, const at::Tensor& labels) {
    return training_loss(run_.loss, logits, labels);
  };
  int64_t accumulated_ = 0;         // samples whose gradients have been added
  std::optional<LossScale> scale_;  // of half precision
};

}  // namespace cvtool
