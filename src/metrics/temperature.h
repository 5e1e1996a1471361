// Temperature scaling: one number that makes a model's confidence fit its accuracy (Guo et al., "On calibration of
// modern neural networks", ICML 2017). Free of LibTorch.
#pragma once

#include <cstdint>
#include <vector>

namespace cvtool {

struct TemperatureFit {
  double temperature = 1;                  // logits are to be divided by it; within 0.01 .. 100
  double loss_before = 0, loss_after = 0;  // mean cross-entropy
};

// The temperature with the smallest cross-entropy of softmax(logits / temperature). `logits` are [N,K] row-major, one
// sigmoid unit z as {0, z}; `labels` [N] in 0 .. K-1. Throws DataError where there is no such number: every photo is
// right (the temperature would go to 0), or the logits say no more than chance (it would have no bound).
TemperatureFit fit_temperature(const std::vector<double>& logits, const std::vector<int64_t>& labels, int64_t classes);

}  // namespace cvtool
