// L-BFGS: the least value of a smooth convex function of many variables, from values and gradients (Liu and Nocedal,
// "On the limited memory BFGS method for large scale optimization", 1989).
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace cvtool {

// The value at x [n] f64; writes the gradient [n] f64.
using SmoothFunction = std::function<double(const at::Tensor& x, at::Tensor& gradient)>;

struct LbfgsOptions {
  double gradient_norm = 1e-8;  // it ends where the gradient is no longer than this
  int64_t max_steps = 5000;
  int64_t history = 20;  // steps from which the curvature is known; two vectors are kept of each
};

struct LbfgsEnd {
  double value = 0, gradient_norm = 0;
  int64_t steps = 0;
  bool converged = false;  // false: max_steps are done
};

// Moves x [n] f64 from where it is to where `function` is least. Variables are to be scaled so that their curvatures
// are near 1. What `function` throws goes through. Call it where LibTorch computes in one thread (Lane): then x does
// not depend on the number of threads.
LbfgsEnd minimize(const SmoothFunction& function, at::Tensor& x, const LbfgsOptions& options);

}  // namespace cvtool
