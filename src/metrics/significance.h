// How far a metric can be trusted: intervals and the comparison of two models.
#pragma once

#include <cstdint>
#include <vector>

namespace cvtool {

struct Interval {
  double low = 0, high = 0;  // NaN: not known
};

// The 95 % interval of a share (Wilson, "Probable inference", 1927). `total` >= 1.
Interval wilson_interval(int64_t correct, int64_t total);

// The same of a share that is expected of `total` >= 1, such as 0.9, which need not be a whole number of them.
Interval expected_interval(double share, int64_t total);

// The middle 95 % of the values, interpolated as numpy's percentile does; NaN values are passed over, and
// both ends are NaN where fewer than ten remain.
Interval percentile_interval(std::vector<double> values);

// The same of a metric that is biased, moved by the bias that resampling shows, the mean of `values` less `estimate`
// (Efron and Tibshirani 1993, section 10.2), within [low, high].
Interval unbiased_interval(std::vector<double> values, double estimate, const Interval& range);

// McNemar's exact test (1947) on two models' answers to the same images.
struct McNemar {
  int64_t only_first_right = 0, only_second_right = 0;
  double p_value = 1;  // two-sided, binomial
};
// `first` and `second`: whether each model was right, image by image, equally long.
McNemar mcnemar_test(const std::vector<uint8_t>& first, const std::vector<uint8_t>& second);

}  // namespace cvtool
