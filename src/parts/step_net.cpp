#include "parts/step_net.h"

#include <ATen/ATen.h>
#include <torch/script.h>

#include "parts/parted_net.h"
#include "torch/device.h"

namespace cvtool {

at::Tensor run_stages(const std::vector<torch::jit::Module>& stages, const at::Tensor& x) {
  at::Tensor y = x;
  for (torch::jit::Module stage : stages) y = stage.forward({y}).toTensor();
  return y;
}

double forward_share(const std::vector<StepClock>& clocks) {
  double forward = 0, all = 0;
  for (const StepClock& clock : clocks) {
    forward += clock.forward_s();
    all += clock.forward_s() + clock.backward_s();
  }
  return all > 0 ? forward / all : 0;
}

namespace {

class WholeNet : public StepNet {
 public:
  explicit WholeNet(StepNetPlan plan) : plan_(std::move(plan)) {}

  StepResult step(const StepBatch& batch, double factor, const RowsLoss& loss) override {
    StepClock clock;
    const at::Tensor y = logits_of(batch);
    const at::Tensor mean = loss(y, batch.labels);
    clock.forward_ends();
    at::Tensor summed = factor != 1 ? mean * factor : mean;
    if (batch.scale.defined()) summed = summed * batch.scale;
    summed.backward();
    clock.backward_ends();
    return {mean.detach(), y.detach(), forward_share({clock})};
  }

  at::Tensor loss_of(const StepBatch& batch, const RowsLoss& loss) override {
    const at::NoGradGuard no_grad;
    return loss(logits_of(batch), batch.labels).to(at::kDouble);
  }

  at::Tensor evaluate(const at::Tensor& x) override {
    const at::NoGradGuard no_grad;
    return run_stages(plan_.stages, x).to(at::kFloat);
  }

  void for_each(size_t count, const std::function<void(size_t)>& task) override {
    for (size_t i = 0; i < count; ++i) task(i);
  }

 private:
  at::Tensor logits_of(const StepBatch& batch) const {
    seed_random(plan_.device, batch.seed);
    const Autocast autocast(plan_.device, plan_.precision);
    return run_stages(plan_.stages, batch.x);
  }

  StepNetPlan plan_;
};

}  // namespace

std::unique_ptr<StepNet> step_net(const StepNetPlan& plan) {
  if (plan.whole || !plan.device.is_cpu()) return std::make_unique<WholeNet>(plan);
  return std::make_unique<PartedNet>(plan);
}

}  // namespace cvtool
