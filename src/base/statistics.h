// What describes a list of numbers.
#pragma once

#include <vector>

namespace cvtool {

// None of these may be given an empty list.

// The number in the middle, of two the upper one: always one that is there.
double upper_median(std::vector<double> values);
// The number in the middle, of two their mean.
double median(std::vector<double> values);
// Linear between the order statistics, as NumPy's default; `fraction` 0 to 1.
double quantile(std::vector<double> values, double fraction);
// The third quartile and 1.5 times the distance to the first: what lies above is an outlier (Tukey, "Exploratory Data
// Analysis", 1977).
double upper_fence(const std::vector<double>& values);

struct MeanAndSpread {
  double mean = 0, spread = 0;  // standard deviation of a sample (n - 1); of one number 0
};
MeanAndSpread mean_and_spread(const std::vector<double>& values);

}  // namespace cvtool
