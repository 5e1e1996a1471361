#include "metrics/temperature.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

constexpr double kLeast = 0.01, kMost = 100;

struct Loss {
  double mean = 0, slope = 0;  // and its derivative by the inverse temperature
};

// Cross-entropy of softmax(inverse * logits): log sum exp(b z) - b z_label, whose slope is E[z] - z_label.
Loss loss_at(double inverse, const std::vector<double>& logits, const std::vector<int64_t>& labels, int64_t classes) {
  Loss loss;
  for (size_t row = 0; row < labels.size(); ++row) {
    const double* z = logits.data() + row * static_cast<size_t>(classes);
    const double max = *std::max_element(z, z + classes), right = z[labels[row]];
    double sum = 0, weighted = 0;
    for (int64_t k = 0; k < classes; ++k) {
      const double fraction = std::exp(inverse * (z[k] - max));
      sum += fraction;
      weighted += fraction * z[k];
    }
    loss.mean += std::log(sum) + inverse * (max - right);
    loss.slope += weighted / sum - right;
  }
  const auto count = static_cast<double>(labels.size());
  return {loss.mean / count, loss.slope / count};
}

}  // namespace

TemperatureFit fit_temperature(const std::vector<double>& logits, const std::vector<int64_t>& labels, int64_t classes) {
  const auto at = [&](double inverse) { return loss_at(inverse, logits, labels, classes); };
  const std::string photos = counted(static_cast<int64_t>(labels.size()), "validation photo");
  if (at(1 / kMost).slope >= 0)
    throw DataError("no temperature can be fitted: on the " + photos +
                    " the model says no more than chance; train it further first");
  if (at(1 / kLeast).slope <= 0)
    throw DataError("no temperature can be fitted: the model makes no mistake on the " + photos +
                    "; it takes more or harder ones");
  // The cross-entropy is convex in the inverse temperature: its slope grows, and halving finds where it is 0.
  double low = 1 / kMost, high = 1 / kLeast;
  for (int step = 0; step < 100 && high - low > 1e-12 * high; ++step) {
    const double middle = std::sqrt(low * high);
    (at(middle).slope < 0 ? low : high) = middle;
  }
  return {1 / high, at(1).mean, at(high).mean};
}

}  // namespace cvtool
