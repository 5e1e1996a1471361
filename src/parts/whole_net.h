// A net that is given each batch in one piece.
#pragma once

#include <functional>
#include <vector>

#include "parts/scope.h"
#include "parts/step_net.h"

namespace cvtool {

// On a device several processes share each batch: each computes a piece of nearly equal size. What comes out is that of
// one process but for rounding: batch norm has the statistics of all rows, and dropout drops what it would drop there.
// On a processor each process computes all of it.
class WholeNet : public StepNet {
 public:
  // Shares parameters and buffers with the plan's stages.
  explicit WholeNet(StepNetPlan plan);

  StepResult step(const StepBatch& batch, double factor, const RowsLoss& loss) override;
  at::Tensor loss_of(const StepBatch& batch, const RowsLoss& loss) override;
  ShareRule share_rule() const override;
  at::Tensor evaluate(const at::Tensor& x) override;
  void for_each(size_t count, const std::function<void(size_t)>& task) override;

 private:
  PartedBatch begin(const StepBatch& batch) const;
  at::Tensor logits_of(const StepBatch& batch) const;
  void share_gradients(const at::Tensor& loss, double factor, const PartDeal& deal) const;

  StepNetPlan plan_;
  std::vector<torch::jit::Module> stages_;  // what steps run
  std::vector<at::Tensor> trained_;
};

}  // namespace cvtool
