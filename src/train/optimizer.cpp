#include "train/optimizer.h"

#include <ATen/ATen.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "train/updates_together.h"

namespace cvtool {
namespace {

using Slots = std::vector<at::Tensor>;

void sgd(at::Tensor& w, const at::Tensor& g, Slots& s, const StepContext& c) {
  const double momentum = c.config.momentum;
  if (momentum == 0) {
    w.add_(g, -c.lr);
    return;
  }
  s[0].mul_(momentum).add_(g, -c.lr);
  if (c.config.nesterov)
    w.add_(g, -c.lr).add_(s[0], momentum);
  else
    w.add_(s[0]);
}

// The "epsilon hat" form: epsilon is added before the bias correction of v (Kingma and Ba 2015, end of section 2).
void adam(at::Tensor& w, const at::Tensor& g, Slots& s, const StepContext& c) {
  const auto t = static_cast<double>(c.step);
  s[0].lerp_(g, 1 - c.config.beta_1);
  s[1].mul_(c.config.beta_2).addcmul_(g, g, 1 - c.config.beta_2);
  const at::Tensor root = s[1].sqrt().add_(c.config.epsilon);
  if (c.exact_step.defined()) {
    const auto rest = [&](double beta) { return 1 - at::pow(beta, c.exact_step); };
    w.sub_(s[0] / root * (rest(c.config.beta_2).sqrt() / rest(c.config.beta_1) * c.lr));
    return;
  }
  const double rate = c.lr * std::sqrt(1 - std::pow(c.config.beta_2, t)) / (1 - std::pow(c.config.beta_1, t));
  w.addcdiv_(s[0], root, -rate);
}

// Beyond a thousand steps the product of nadam's momenta is zero in any precision.
constexpr int64_t kNadamSteps = 1000;

// nadam where which step it is stands on the device.
void nadam_of_exact_step(at::Tensor& w, const at::Tensor& g, Slots& s, const StepContext& c) {
  const at::Tensor &t = c.exact_step, steps = at::arange(1, std::min(c.step, kNadamSteps) + 1, t.options());
  const auto u = [&](const at::Tensor& step) { return (1 - at::pow(0.96, step) * 0.5) * c.config.beta_1; };
  const at::Tensor product = at::where(steps <= t, u(steps), at::ones_like(steps)).prod(), next = u(t + 1);
  const at::Tensor m = s[0] * (next / (1 - product * next)) + g * ((1 - u(t)) / (1 - product));
  const at::Tensor v = s[1] / (1 - at::pow(c.config.beta_2, t));
  w.sub_(m / v.sqrt_().add_(c.config.epsilon) * c.lr);
}

void nadam(at::Tensor& w, const at::Tensor& g, Slots& s, const StepContext& c) {
  s[0].lerp_(g, 1 - c.config.beta_1);
  s[1].mul_(c.config.beta_2).addcmul_(g, g, 1 - c.config.beta_2);
  if (c.exact_step.defined()) return nadam_of_exact_step(w, g, s, c);
  const NadamFactors factors = nadam_factors(c);
  const at::Tensor m = s[0] * factors.of_mean + g * factors.of_gradient;
  const at::Tensor v = s[1] / factors.of_square;
  w.addcdiv_(m, v.sqrt_().add_(c.config.epsilon), -c.lr);
}

void rmsprop(at::Tensor& w, const at::Tensor& g, Slots& s, const StepContext& c) {
  s[0].mul_(c.config.rho).addcmul_(g, g, 1 - c.config.rho);
  at::Tensor scale = s[0] + c.config.epsilon;
  if (c.config.centered) {
    s[1].lerp_(g, 1 - c.config.rho);
    // Of a constant gradient the difference is zero, and rounding may put it below.
    scale.addcmul_(s[1], s[1], -1).clamp_min_(c.config.epsilon);
  }
  const at::Tensor step = g * scale.rsqrt_() * c.lr;
  if (c.config.momentum > 0)
    w.sub_(s[2].mul_(c.config.momentum).add_(step));
  else
    w.sub_(step);
}

void adagrad(at::Tensor& w, const at::Tensor& g, Slots& s, const StepContext& c) {
  s[0].addcmul_(g, g);
  w.addcdiv_(g, (s[0] + (kAdagradAccumulator + c.config.epsilon)).sqrt_(), -c.lr);
}

// Chen et al. 2023.
void lion(at::Tensor& w, const at::Tensor& g, Slots& s, const StepContext& c) {
  w.sub_(at::lerp(s[0], g, 1 - c.config.beta_1).sign_(), c.lr);
  s[0].lerp_(g, 1 - c.config.beta_2);
}

const OptimizerKind& kind_of(const std::string& name) {
  for (const auto& kind : optimizer_kinds())
    if (name == kind.name) return kind;
  throw UsageError("train.optimizer: " + unknown_word("optimizer", name, optimizer_names()));
}

}  // namespace

const std::vector<OptimizerKind>& optimizer_kinds() {
  static const std::vector<OptimizerKind> kinds{
      // name, lr, epsilon, beta_2, weight_decay, slots: Keras's defaults
      {"sgd", 0.01, 1e-7, 0.999, 0, 1, sgd, sgd_together},
      {"adam", 1e-3, 1e-7, 0.999, 0, 2, adam, adam_together},
      {"adamw", 1e-3, 1e-7, 0.999, 0.004, 2, adam, adam_together},
      {"nadam", 1e-3, 1e-7, 0.999, 0, 2, nadam, nadam_together},
      {"rmsprop", 1e-3, 1e-7, 0.999, 0, 3, rmsprop, rmsprop_together},
      {"adagrad", 1e-3, 1e-7, 0.999, 0, 1, adagrad, adagrad_together},
      {"lion", 1e-3, 1e-7, 0.99, 0, 1, lion, lion_together},
  };
  return kinds;
}

// Dozat 2016, with Keras's decay of the momentum: beta_1 * (1 - 0.5 * 0.96^t).
NadamFactors nadam_factors(const StepContext& c) {
  const auto u = [&](int64_t t) { return c.config.beta_1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(t))); };
  double product = 1;
  for (int64_t t = 1; t <= std::min(c.step, kNadamSteps); ++t) product *= u(t);
  return {u(c.step + 1) / (1 - product * u(c.step + 1)), (1 - u(c.step)) / (1 - product),
          1 - std::pow(c.config.beta_2, static_cast<double>(c.step))};
}

TrainConfig with_optimizer_defaults(TrainConfig config) {
  const OptimizerKind& kind = kind_of(config.optimizer);
  if (config.lr == 0) config.lr = kind.lr;
  if (config.epsilon == 0) config.epsilon = kind.epsilon;
  if (config.beta_2 == 0) config.beta_2 = kind.beta_2;
  if (config.weight_decay < 0) config.weight_decay = kind.weight_decay;
  return config;
}

Optimizer::Optimizer(const TrainConfig& config, const std::vector<ParameterGroup>& groups)
    : config_(with_optimizer_defaults(config)), kind_(&kind_of(config.optimizer)) {
  for (const ParameterGroup& group : groups)
    for (const at::Tensor& parameter : group.parameters) {
      Slot slot{parameter, group.lr_factor, {}, {}};
      for (int i = 0; i < kind_->slots; ++i) slot.state.push_back(at::zeros_like(parameter));
      slots_.push_back(std::move(slot));
    }
}

void Optimizer::one_after_the_other(size_t count, const std::function<void(size_t)>& task) {
  for (size_t i = 0; i < count; ++i) task(i);
}

// Parameters that have a gradient; on a processor large ones cut, for its cores: an update looks at each number by
// itself.
std::vector<Optimizer::Slot> Optimizer::pieces() {
  constexpr int64_t kMost = 1 << 18;
  std::vector<Slot> out;
  for (Slot& slot : slots_) {
    at::Tensor& own = slot.parameter.mutable_grad();
    if (!own.defined()) continue;
    Slot whole = slot;
    whole.decays = slot.parameter.dim() > 1;
    whole.gradient = own;
    own.reset();
    const int64_t count = slot.parameter.numel();
    const bool is_cut = slot.parameter.is_cpu() && slot.parameter.is_non_overlapping_and_dense() && count > kMost;
    // As they lie in memory: slots are made like their parameter.
    if ((is_cut || !slot.parameter.is_cpu()) && whole.gradient.strides() != slot.parameter.strides())
      whole.gradient = at::empty_like(slot.parameter).copy_(whole.gradient);
    if (!is_cut) {
      out.push_back(std::move(whole));
      continue;
    }
    const auto cut = [](const at::Tensor& tensor, int64_t first, int64_t size) {
      return tensor.detach().as_strided({size}, {1}, tensor.storage_offset() + first);
    };
    for (int64_t first = 0; first < count; first += kMost) {
      const int64_t size = std::min(kMost, count - first);
      Slot piece{
          cut(whole.parameter, first, size), whole.lr_factor, {}, cut(whole.gradient, first, size), whole.decays};
      for (const at::Tensor& state : whole.state) piece.state.push_back(cut(state, first, size));
      out.push_back(std::move(piece));
    }
  }
  return out;
}

void Optimizer::update(Slot& slot, double run_lr, const at::Tensor& counts, const at::Tensor& exact_step) const {
  const double lr = run_lr * slot.lr_factor;
  std::vector<at::Tensor> changed, before;
  if (counts.defined()) {
    changed = slot.state;
    changed.push_back(slot.parameter);
    for (const at::Tensor& tensor : changed) before.push_back(tensor.detach().clone());
  }
  // Biases and norms have one dimension; decay would only pull them to zero.
  if (config_.weight_decay > 0 && slot.decays) slot.parameter.mul_(1 - config_.weight_decay * lr);
  kind_->update(slot.parameter, slot.gradient, slot.state, {config_, lr, steps_, exact_step});
  for (size_t i = 0; i < before.size(); ++i) changed[i].copy_(at::where(counts, changed[i], before[i]));
}

// As update() one after the other, by lists of those that are treated alike.
void Optimizer::update_together(const std::vector<Slot>& work, double run_lr) const {
  std::map<double, UpdateLists> by_rate;
  std::map<double, std::vector<at::Tensor>> decaying;
  for (const Slot& slot : work) {
    UpdateLists& lists = by_rate[run_lr * slot.lr_factor];
    lists.weights.push_back(slot.parameter);
    lists.gradients.push_back(slot.gradient);
    lists.slots.resize(slot.state.size());
    for (size_t i = 0; i < slot.state.size(); ++i) lists.slots[i].push_back(slot.state[i]);
    if (config_.weight_decay > 0 && slot.decays) decaying[run_lr * slot.lr_factor].push_back(slot.parameter);
  }
  for (auto& [lr, parameters] : decaying) at::_foreach_mul_(parameters, 1 - config_.weight_decay * lr);
  for (auto& [lr, lists] : by_rate) kind_->update_together(lists, {config_, lr, steps_, {}});
}

void Optimizer::step(double lr, const Way& way) {
  at::NoGradGuard no_grad;
  ++steps_;
  at::Tensor exact_step;
  if (way.counts.defined()) {
    if (!left_out_.defined()) left_out_ = at::zeros({}, way.counts.options().dtype(at::kLong));
    left_out_ = left_out_ + way.counts.logical_not();
    // A step that is left out may be the first: its update is computed, and then not taken.
    exact_step = (steps_ - left_out_).clamp_min(1).to(at::kDouble);
  }
  std::vector<Slot> work = pieces();
  // Which of a list's tensors counts could only be told to the device by copies of all of them.
  const bool together = !way.counts.defined() && !work.empty() && !work[0].parameter.is_cpu();
  if (together) return update_together(work, lr);
  way.for_each(work.size(), [&](size_t i) {
    at::NoGradGuard no_grad_there;
    update(work[i], lr, way.counts, exact_step);
  });
}

int64_t Optimizer::steps() const { return steps_ - (left_out_.defined() ? left_out_.item<int64_t>() : 0); }

std::vector<std::pair<std::string, at::Tensor>> Optimizer::state() const {
  std::vector<std::pair<std::string, at::Tensor>> out;
  for (size_t p = 0; p < slots_.size(); ++p)
    for (size_t s = 0; s < slots_[p].state.size(); ++s)
      out.emplace_back(std::to_string(p) + "/" + std::to_string(s), slots_[p].state[s]);
  return out;
}

void Optimizer::restore(int64_t steps, const std::function<const at::Tensor*(const std::string& name)>& find) {
  at::NoGradGuard no_grad;
  for (auto& [name, tensor] : state()) {
    const at::Tensor* kept = find(name);
    if (!kept || kept->sizes() != tensor.sizes())
      throw Error("the checkpoint's optimizer does not fit this net and optimizer");
    tensor.copy_(*kept);
  }
  steps_ = steps;
  left_out_.reset();
}

}  // namespace cvtool
