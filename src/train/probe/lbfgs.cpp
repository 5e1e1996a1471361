#include "train/probe/lbfgs.h"

#include <ATen/ATen.h>

#include <cmath>
#include <deque>
#include <limits>
#include <vector>

namespace cvtool {
namespace {

double dot_of(const at::Tensor& a, const at::Tensor& b) { return at::dot(a, b).item<double>(); }

struct LinePoint {
  at::Tensor x, gradient;
  double value = 0;
};

// What the last steps say of the curvature.
class CurvatureHistory {
 public:
  explicit CurvatureHistory(int64_t most) : most_(static_cast<size_t>(most)) {}

  void add(const LinePoint& from, const LinePoint& to) {
    Pair pair{to.x - from.x, to.gradient - from.gradient, 0};
    const double curvature = dot_of(pair.step, pair.change);
    // Rounding, where the function is flat: it would say nothing.
    if (!(curvature > 1e-14 * dot_of(pair.change, pair.change))) return;
    pair.inverse = 1 / curvature;
    pairs_.push_back(std::move(pair));
    if (pairs_.size() > most_) pairs_.pop_front();
  }

  void clear() { pairs_.clear(); }

  // The two loops: minus the inverse curvature times the gradient.
  at::Tensor direction(const at::Tensor& gradient) const {
    at::Tensor d = -gradient;
    std::vector<double> shares(pairs_.size());
    for (size_t i = pairs_.size(); i-- > 0;) {
      shares[i] = pairs_[i].inverse * dot_of(pairs_[i].step, d);
      d.sub_(pairs_[i].change, shares[i]);
    }
    if (!pairs_.empty()) d.div_(pairs_.back().inverse * dot_of(pairs_.back().change, pairs_.back().change));
    for (size_t i = 0; i < pairs_.size(); ++i)
      d.add_(pairs_[i].step, shares[i] - pairs_[i].inverse * dot_of(pairs_[i].change, d));
    return d;
  }

 private:
  struct Pair {
    at::Tensor step, change;
    double inverse;
  };
  size_t most_;
  std::deque<Pair> pairs_;
};

// A step along d that lowers the value enough and leaves its slope flatter (Wolfe's conditions), by halving and
// doubling. Where values differ by rounding alone, the slope decides (Hager and Zhang 2005). False where there is none.
bool search_line(const SmoothFunction& function, const LinePoint& from, const at::Tensor& d, LinePoint& to) {
  constexpr double kDecrease = 1e-4, kFlatter = 0.9, kRounding = 1e-13;
  constexpr int kMostTrials = 60;
  const double slope = dot_of(from.gradient, d);
  double low = 0, high = std::numeric_limits<double>::infinity(), length = 1;
  for (int trial = 0; trial < kMostTrials; ++trial) {
    to.x = at::add(from.x, d, length);
    to.value = function(to.x, to.gradient);
    const double new_slope = dot_of(to.gradient, d);
    const bool lower = to.value <= from.value + kDecrease * length * slope;
    const bool same =
        std::abs(to.value - from.value) <= kRounding * std::abs(from.value) && new_slope <= (2 * kDecrease - 1) * slope;
    if (!lower && !same) {
      high = length;
    } else if (new_slope < kFlatter * slope) {
      low = length;
    } else {
      return true;
    }
    length = std::isinf(high) ? 2 * low : (low + high) / 2;
  }
  return false;
}

}  // namespace

LbfgsEnd minimize(const SmoothFunction& function, at::Tensor& x, const LbfgsOptions& options) {
  const at::NoGradGuard no_grad;
  CurvatureHistory history(options.history);
  LinePoint here;
  here.x = x;
  here.value = function(here.x, here.gradient);
  LbfgsEnd end;
  bool steepest = true;
  while (true) {
    end.gradient_norm = std::sqrt(dot_of(here.gradient, here.gradient));
    end.converged = end.gradient_norm <= options.gradient_norm;
    if (end.converged || end.steps >= options.max_steps) break;
    LinePoint next;
    if (!search_line(function, here, history.direction(here.gradient), next)) {
      // What was known of the curvature may have been rounding; the gradient itself is the last try.
      if (steepest) break;
      history.clear();
      steepest = true;
      continue;
    }
    history.add(here, next);
    here = std::move(next);
    steepest = false;
    ++end.steps;
  }
  end.value = here.value;
  x = here.x;
  return end;
}

}  // namespace cvtool
