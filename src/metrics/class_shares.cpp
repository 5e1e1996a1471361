#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "metrics/two_sample.h"

namespace cvtool {
namespace {

constexpr double kFewestExpected = 5;

struct Table {
  std::vector<int64_t> first, all;  // [classes that occur]
  int64_t of_first = 0, count = 0;
};

Table table_of(const std::vector<int64_t>& first, const std::vector<int64_t>& second) {
  Table table;
  for (size_t k = 0; k < first.size(); ++k) {
    if (first[k] + second[k] == 0) continue;
    table.first.push_back(first[k]);
    table.all.push_back(first[k] + second[k]);
    table.of_first += first[k];
    table.count += first[k] + second[k];
  }
  return table;
}

// Of a table with these sums whose first set has `first` photos of each class.
double chi_square(const Table& table, const std::vector<int64_t>& first) {
  const auto count = static_cast<double>(table.count), share = static_cast<double>(table.of_first) / count;
  double sum = 0;
  for (size_t k = 0; k < first.size(); ++k) {
    const auto all = static_cast<double>(table.all[k]);
    const double off = static_cast<double>(first[k]) - all * share;
    // Of the two cells of a class: both are off by as much.
    sum += off * off / (all * share) + off * off / (all * (1 - share));
  }
  return sum;
}

bool has_rare_class(const Table& table) {
  const auto smaller = static_cast<double>(std::min(table.of_first, table.count - table.of_first));
  const auto rarest = static_cast<double>(*std::min_element(table.all.begin(), table.all.end()));
  return rarest * smaller / static_cast<double>(table.count) < kFewestExpected;
}

double shuffled_p_value(const Table& table, double statistic, uint64_t seed) {
  constexpr int64_t kSteps = 100'000'000, kFewest = 199, kMost = 9999;
  const int64_t shuffles = std::clamp(kSteps / table.count, kFewest, kMost);
  std::vector<size_t> labels;
  for (size_t k = 0; k < table.all.size(); ++k) labels.insert(labels.end(), static_cast<size_t>(table.all[k]), k);
  Random random(seed, "class shares");
  int64_t as_high = 0;
  std::vector<int64_t> first(table.all.size());
  for (int64_t b = 0; b < shuffles; ++b) {
    std::fill(first.begin(), first.end(), 0);
    for (int64_t i = 0; i < table.of_first; ++i) {
      std::swap(labels[static_cast<size_t>(i)], labels[static_cast<size_t>(i + random.below(table.count - i))]);
      ++first[labels[static_cast<size_t>(i)]];
    }
    // Equal tables must count as equal, however their sums were rounded.
    as_high += chi_square(table, first) >= statistic * (1 - 1e-9);
  }
  return static_cast<double>(1 + as_high) / static_cast<double>(1 + shuffles);
}

}  // namespace

double chi_square_above(double statistic, int64_t freedom) {
  if (statistic <= 0) return 1;
  // A sum of terms h^a e^-h / Gamma(a + 1) for a = freedom/2 - 1, freedom/2 - 2, ...
  const double half = statistic / 2;
  double sum = freedom % 2 == 1 ? std::erfc(std::sqrt(half)) : 0;
  for (double a = static_cast<double>(freedom) / 2 - 1; a > -0.25; a -= 1)
    sum += std::exp(a * std::log(half) - half - std::lgamma(a + 1));
  return std::min(1.0, sum);
}

SharesTest compare_shares(const std::vector<int64_t>& first, const std::vector<int64_t>& second, uint64_t seed) {
  const Table table = table_of(first, second);
  SharesTest test;
  test.freedom = static_cast<int64_t>(table.all.size()) - 1;
  const auto of_first = static_cast<double>(table.of_first),
             of_second = static_cast<double>(table.count - table.of_first);
  if (test.freedom < 1 || of_first == 0 || of_second == 0) return test;
  for (size_t k = 0; k < table.all.size(); ++k)
    test.distance += std::abs(static_cast<double>(table.first[k]) / of_first -
                              static_cast<double>(table.all[k] - table.first[k]) / of_second) /
                     2;
  test.statistic = chi_square(table, table.first);
  test.shuffled = has_rare_class(table);
  test.p_value =
      test.shuffled ? shuffled_p_value(table, test.statistic, seed) : chi_square_above(test.statistic, test.freedom);
  return test;
}

}  // namespace cvtool
