#include "train/stepper.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/random.h"
#include "dist/ranks.h"
#include "torch/device.h"

namespace cvtool {
namespace {

// Of integers.
at::Tensor sum_over_ranks(const at::Tensor& number, Ranks& ranks) {
  return at::cat(ranks.gather(number.to(at::kLong).reshape({1}), std::vector<int64_t>(ranks.size(), 1))).sum();
}

}  // namespace

Stepper::Stepper(const TrainingRun& run, const TrainingPhase& phase)
    : run_(run),
      net_(step_net({phase.stages, run.device, run.precision, phase.whole_batches, run.ranks})),
      optimizer_(run.config, phase.groups) {
  if (run.precision == at::kHalf) scale_.emplace(run.device);
  for (const ParameterGroup& group : phase.groups)
    parameters_.insert(parameters_.end(), group.parameters.begin(), group.parameters.end());
}

StepBatch Stepper::batch_of(const Examples& examples, int64_t number) const {
  return {examples.x, examples.labels,
          Random(static_cast<uint64_t>(run_.config.seed), "dropout", 0, static_cast<uint64_t>(number)).bits64(),
          scale_ ? scale_->value() : at::Tensor(), examples.share};
}

at::Tensor Stepper::loss_of(const Examples& examples, int64_t number) const {
  return net_->loss_of(batch_of(examples, number), loss_);
}

BatchMetrics Stepper::add(const Examples& examples, int64_t number) {
  const int64_t count = examples.rows_of_batch();
  const double factor = run_.config.accumulate > 1 ? static_cast<double>(count) : 1;
  const Traffic before = run_.ranks ? run_.ranks->traffic() : Traffic();
  Timed timed(run_.profile, Spent::kForward);
  const StepResult result = net_->step(batch_of(examples, number), factor, loss_);
  timed.divide(result.forward_share, Spent::kBackward);
  if (run_.profile) run_.profile->add_photos(count);
  accumulated_ += count;
  at::Tensor correct = correct_from_logits(result.logits, examples.labels);
  if (examples.labels.size(0) < count) correct = sum_over_ranks(correct, *run_.ranks);
  if (run_.ranks && run_.profile) {
    const Traffic& now = run_.ranks->traffic();
    timed.set_aside(now.seconds - before.seconds, Spent::kExchange);
    run_.profile->add_exchange(now.exchanges - before.exchanges, now.sent_bytes - before.sent_bytes);
  }
  return {result.loss, correct, count};
}

at::Tensor Stepper::unscale() {
  const double divisor = run_.config.accumulate > 1 ? static_cast<double>(accumulated_) : 1;
  if (!scale_) {
    if (divisor != 1) for_each_gradient([&](size_t, at::Tensor& gradient) { gradient.div_(divisor); });
    return {};
  }
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters_)
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  return scale_->unscale(gradients, divisor);
}

void Stepper::clip() {
  std::vector<at::Tensor> squares(parameters_.size());
  for_each_gradient([&](size_t i, const at::Tensor& gradient) { squares[i] = gradient.square().sum(at::kDouble); });
  squares.erase(std::remove_if(squares.begin(), squares.end(), [](const at::Tensor& s) { return !s.defined(); }),
                squares.end());
  if (squares.empty()) return;
  const at::Tensor norm = at::stack(squares).sum().sqrt();
  const at::Tensor factor = at::full_like(norm, run_.config.clip_norm).div_(norm).clamp_max_(1);
  // To look at it costs nothing on a processor, and often nothing is to be done.
  if (factor.is_cpu() && factor.item<double>() == 1) return;
  for_each_gradient([&](size_t, at::Tensor& gradient) { gradient.mul_(factor); });
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
  const at::Tensor finite = unscale();
  accumulated_ = 0;
  if (run_.config.clip_norm > 0) clip();
  optimizer_.step(lr, {[this](size_t count, const auto& task) { net_->for_each(count, task); }, finite});
}

void Stepper::save(TrainingState& state) const {
  state.optimizer_steps = optimizer_.steps();
  state.loss_scale = scale_ ? scale_->number() : 1;
  state.steps_at_scale = scale_ ? scale_->steps() : 0;
  for (auto& [name, tensor] : optimizer_.state()) state.tensors.emplace_back("optimizer/" + name, tensor);
}

void Stepper::restore(const TrainingState& state) {
  if (scale_) scale_->restore(state.loss_scale, state.steps_at_scale);
  optimizer_.restore(state.optimizer_steps,
                     [&](const std::string& name) { return find_tensor(state.tensors, "optimizer/" + name); });
}

}  // namespace cvtool
