#include "train/stepper.h"

#include <ATen/ATen.h>

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
    : run_(run), phase_(phase), optimizer_(run.config, phase.groups), scale_(is_half(run) ? kFirstScale : 1) {
  for (const ParameterGroup& group : phase.groups)
    parameters_.insert(parameters_.end(), group.parameters.begin(), group.parameters.end());
}

at::Tensor Stepper::logits_of(const Examples& examples, int64_t number) const {
  // Dropout draws from LibTorch's own generator: its state is a function of the batch's number alone.
  at::manual_seed(
      Random(static_cast<uint64_t>(run_.config.seed), "dropout", 0, static_cast<uint64_t>(number)).bits64());
  const Autocast autocast(run_.device, run_.precision);
  return phase_.logits(examples.x);
}

double Stepper::loss_of(const Examples& examples, int64_t number) const {
  at::NoGradGuard no_grad;
  return training_loss(run_.loss, logits_of(examples, number), examples.labels).item<double>();
}

BatchMetrics Stepper::add(const Examples& examples, int64_t number) {
  at::Tensor loss;
  BatchMetrics metrics;
  {
    const Timed timed(run_.profile, Spent::kForward);
    const at::Tensor logits = logits_of(examples, number);
    loss = training_loss(run_.loss, logits, examples.labels);
    metrics = {loss.item<double>(), correct_from_logits(logits.detach(), examples.labels).item<double>(),
               examples.labels.size(0)};
  }
  const Timed timed(run_.profile, Spent::kBackward);
  if (run_.profile) run_.profile->add_photos(metrics.count);
  if (run_.config.accumulate > 1) loss = loss * static_cast<double>(metrics.count);
  if (scale_ != 1) loss = loss * scale_;
  loss.backward();
  accumulated_ += metrics.count;
  return metrics;
}

bool Stepper::unscale() {
  const double divisor = scale_ * (run_.config.accumulate > 1 ? static_cast<double>(accumulated_) : 1);
  bool finite = true;
  for (at::Tensor& parameter : parameters_) {
    at::Tensor& gradient = parameter.mutable_grad();
    if (!gradient.defined()) continue;
    if (divisor != 1) gradient.div_(divisor);
    if (is_half(run_)) finite = finite && gradient.isfinite().all().item<bool>();
  }
  return finite;
}

void Stepper::clip() const {
  at::Tensor squares = at::zeros({}, at::TensorOptions().dtype(at::kDouble).device(run_.device));
  for (const at::Tensor& parameter : parameters_)
    if (parameter.grad().defined()) squares += parameter.grad().square().sum().to(at::kDouble);
  const double norm = std::sqrt(squares.item<double>());
  if (norm <= run_.config.clip_norm) return;
  for (at::Tensor parameter : parameters_)
    if (parameter.grad().defined()) parameter.mutable_grad().mul_(run_.config.clip_norm / norm);
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
  optimizer_.step(lr);
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
