// Half precision: the loss is multiplied so that small gradients do not vanish (Micikevicius et al., arXiv 1710.03740,
// section 3.2). A step whose gradients overflow is left out. All of it is decided on the device, so that nobody waits
// to know.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace cvtool {

class LossScale {
 public:
  static constexpr double kFirst = 65536;

  explicit LossScale(at::Device device);

  // What a loss is multiplied by: f32, one number.
  const at::Tensor& value() const { return value_; }

  // Divides gradients by it and by `divisor`, and chooses the next one: smaller where one of them is not finite, larger
  // after many steps in which all were. Gives whether all were: bool, one number.
  at::Tensor unscale(std::vector<at::Tensor>& gradients, double divisor);

  // For a state; both wait for the device.
  double number() const;
  int64_t steps() const;  // since it last changed
  void restore(double number, int64_t steps);

 private:
  at::Tensor value_, steps_;  // f32, i64: one number each
};

}  // namespace cvtool
