#include "train/stepper.h"

#include <ATen/ATen.h>

#include <atomic>
#include <numeric>

#include "base/random.h"
#include "torch/device.h"

namespace cvtool {
namespace {

// Micikevicius et al., arXiv 1710.03740, section 3.2: the scale grows while nothing overflows.
constexpr double kFirstScale = 65536, kLargestScale = 16777216;
constexpr int64_t kStepsBeforeGrowth = 2000;

bool is_half(const TrainingRun& run) { return run.precision == at::kHalf; }

}  // namespace

Stepper::Stepper(const TrainingRun& run, const TrainingPhase& phase)
    : run_(run),
      net_(step_net({phase.stages, run.device, run.precision, phase.whole_batches})),
      optimizer_(run.config, phase.groups),
      scale_(is_half(run) ? kFirstScale : 1) {
  for (const ParameterGroup& group : phase.groups)
    parameters_.insert(parameters_.end(), group.parameters.begin(), group.parameters.end());
}

StepBatch Stepper::batch_of(const Examples& examples, int64_t number) const {
  return {examples.x, examples.labels,
          Random(static_cast<uint64_t>(run_.config.seed), "dropout", 0, static_cast<uint64_t>(number)).bits64()};
}

double Stepper::loss_of(const Examples& examples, int64_t number) const {
  return net_->loss_of(batch_of(examples, number), loss_);
}

BatchMetrics Stepper::add(const Examples& examples, int64_t number) {
  const int64_t count = examples.labels.size(0);
  const double factor = scale_ * (run_.config.accumulate > 1 ? static_cast<double>(count) : 1);
  Timed timed(run_.profile, Spent::kForward);
  const StepResult result = net_->step(batch_of(examples, number), factor, loss_);
  timed.divide(result.forward_share, Spent::kBackward);
  if (run_.profile) run_.profile->add_photos(count);
  accumulated_ += count;
  return {result.loss, correct_from_logits(result.logits, examples.labels).item<double>(), count};
}

bool Stepper::unscale() {
  const double divisor = scale_ * (run_.config.accumulate > 1 ? static_cast<double>(accumulated_) : 1);
  std::atomic<bool> finite{true};
  for_each_gradient([&](size_t, at::Tensor& gradient) {
    if (divisor != 1) gradient.div_(divisor);
    if (is_half(run_) && !gradient.isfinite().all().item<bool>()) finite = false;
  });
  return finite;
}

void Stepper::clip() {
  std::vector<double> squares(parameters_.size(), 0);
  for_each_gradient(
      [&](size_t i, const at::Tensor& gradient) { squares[i] = gradient.square().sum(at::kDouble).item<double>(); });
  const double norm = std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
  if (norm <= run_.config.clip_norm) return;
  for_each_gradient([&](size_t, at::Tensor& gradient) { gradient.mul_(run_.config.clip_norm / norm); });
}

void Stepper::for_each_gradient(const std::function<void(size_t place, at::Tensor& gradient)>& task) {
  net_->for_each(parameters_.size(), [&](size_t i) {
    const at::NoGradGuard no_grad;
    at::Tensor& gradient = parameters_[i].mutable_grad();
    if (gradient.defined()) task(i, gradient);
  });
}

void Stepper::update(double lr) {
  const Timed timed(run_.profile, Spent::kStep);
  at::NoGradGuard no_grad;
  const bool finite = unscale();
  accumulated_ = 0;
  if (!finite) {
    scale_ = std::max(1.0, scale_ / 2);
    steps_at_scale_ = 0;
    for (at::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
    return;
  }
  if (is_half(run_) && ++steps_at_scale_ >= kStepsBeforeGrowth) {
    scale_ = std::min(kLargestScale, scale_ * 2);
    steps_at_scale_ = 0;
  }
  if (run_.config.clip_norm > 0) clip();
  optimizer_.step(lr, [this](size_t count, const auto& task) { net_->for_each(count, task); });
}

void Stepper::save(TrainingState& state) const {
  state.optimizer_steps = optimizer_.steps();
  state.loss_scale = scale_;
  state.steps_at_scale = steps_at_scale_;
  for (auto& [name, tensor] : optimizer_.state()) state.tensors.emplace_back("optimizer/" + name, tensor);
}

void Stepper::restore(const TrainingState& state) {
  scale_ = state.loss_scale;
  steps_at_scale_ = state.steps_at_scale;
  optimizer_.restore(state.optimizer_steps,
                     [&](const std::string& name) { return find_tensor(state.tensors, "optimizer/" + name); });
}

}  // namespace cvtool
