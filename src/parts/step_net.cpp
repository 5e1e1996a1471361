#include "parts/step_net.h"

#include <torch/script.h>

#include "parts/parted_net.h"
#include "parts/whole_net.h"

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

std::unique_ptr<StepNet> step_net(const StepNetPlan& plan) {
  if (plan.whole || !plan.device.is_cpu()) return std::make_unique<WholeNet>(plan);
  return std::make_unique<PartedNet>(plan);
}

}  // namespace cvtool
