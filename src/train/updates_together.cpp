#include "train/updates_together.h"

#include <ATen/ATen.h>

#include <cmath>

namespace cvtool {
namespace {

using Tensors = std::vector<at::Tensor>;

// at::_foreach_lerp_ is younger than LibTorch 1.13.
void move_towards(Tensors& means, const Tensors& values, double rest) {
  at::_foreach_mul_(means, rest);
  at::_foreach_add_(means, values, 1 - rest);
}

void move_towards_squares(Tensors& means, const Tensors& values, double rest) {
  at::_foreach_mul_(means, rest);
  at::_foreach_addcmul_(means, values, values, 1 - rest);
}

Tensors roots(const Tensors& values, double epsilon) {
  Tensors out = at::_foreach_sqrt(values);
  at::_foreach_add_(out, epsilon);
  return out;
}

}  // namespace

void sgd_together(UpdateLists& all, const StepContext& c) {
  const double momentum = c.config.momentum;
  if (momentum == 0) return at::_foreach_add_(all.weights, all.gradients, -c.lr);
  at::_foreach_mul_(all.slots[0], momentum);
  at::_foreach_add_(all.slots[0], all.gradients, -c.lr);
  if (c.config.nesterov) at::_foreach_add_(all.weights, all.gradients, -c.lr);
  at::_foreach_add_(all.weights, all.slots[0], c.config.nesterov ? momentum : 1.0);
}

void adam_together(UpdateLists& all, const StepContext& c) {
  const auto t = static_cast<double>(c.step);
  move_towards(all.slots[0], all.gradients, c.config.beta_1);
  move_towards_squares(all.slots[1], all.gradients, c.config.beta_2);
  const double rate = c.lr * std::sqrt(1 - std::pow(c.config.beta_2, t)) / (1 - std::pow(c.config.beta_1, t));
  at::_foreach_addcdiv_(all.weights, all.slots[0], roots(all.slots[1], c.config.epsilon), -rate);
}

void nadam_together(UpdateLists& all, const StepContext& c) {
  const NadamFactors factors = nadam_factors(c);
  move_towards(all.slots[0], all.gradients, c.config.beta_1);
  move_towards_squares(all.slots[1], all.gradients, c.config.beta_2);
  Tensors m = at::_foreach_mul(all.slots[0], factors.of_mean);
  at::_foreach_add_(m, all.gradients, factors.of_gradient);
  const Tensors v = at::_foreach_div(all.slots[1], factors.of_square);
  at::_foreach_addcdiv_(all.weights, m, roots(v, c.config.epsilon), -c.lr);
}

void rmsprop_together(UpdateLists& all, const StepContext& c) {
  move_towards_squares(all.slots[0], all.gradients, c.config.rho);
  Tensors scale = at::_foreach_add(all.slots[0], c.config.epsilon);
  if (c.config.centered) {
    move_towards(all.slots[1], all.gradients, c.config.rho);
    at::_foreach_addcmul_(scale, all.slots[1], all.slots[1], -1);
    // For lists that is younger than LibTorch 1.13.
    for (at::Tensor& each : scale) each.clamp_min_(c.config.epsilon);
  }
  at::_foreach_sqrt_(scale);
  if (c.config.momentum == 0) return at::_foreach_addcdiv_(all.weights, all.gradients, scale, -c.lr);
  at::_foreach_mul_(all.slots[2], c.config.momentum);
  at::_foreach_addcdiv_(all.slots[2], all.gradients, scale, c.lr);
  at::_foreach_sub_(all.weights, all.slots[2]);
}

void adagrad_together(UpdateLists& all, const StepContext& c) {
  at::_foreach_addcmul_(all.slots[0], all.gradients, all.gradients);
  Tensors scale = at::_foreach_add(all.slots[0], kAdagradAccumulator + c.config.epsilon);
  at::_foreach_sqrt_(scale);
  at::_foreach_addcdiv_(all.weights, all.gradients, scale, -c.lr);
}

void lion_together(UpdateLists& all, const StepContext& c) {
  Tensors step = at::_foreach_mul(all.slots[0], c.config.beta_1);
  at::_foreach_add_(step, all.gradients, 1 - c.config.beta_1);
  for (at::Tensor& each : step) each.sign_();  // as above
  at::_foreach_add_(all.weights, step, -c.lr);
  move_towards(all.slots[0], all.gradients, c.config.beta_2);
}

}  // namespace cvtool
