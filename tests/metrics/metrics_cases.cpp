// Prints random evaluation cases with our metrics, one JSON document a line, for check_metrics.py.
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/random.h"
#include "metrics/evaluation_metrics.h"
#include "metrics/two_sample.h"

using namespace cvtool;

namespace {

// Every fourth case has coarse probabilities (ties), every fifth absent classes, every tenth one class only.
Predictions random_case(int64_t number) {
  Random random(1, "metrics cases", 0, static_cast<uint64_t>(number));
  Predictions p;
  p.classes = number % 3 == 0 ? 2 : number % 3 == 1 ? 3 : 100;
  const int64_t count = 1 + random.below(p.classes == 100 ? 150 : 300);
  const int64_t from = number % 5 == 1 ? random.below(p.classes) : 0;
  const int64_t classes = number % 10 == 7 ? 1 : p.classes - from;
  const double skill = random.uniform(0, 2);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t label = from + random.below(classes);
    p.labels.push_back(label);
    std::vector<double> row;
    double sum = 0;
    for (int64_t k = 0; k < p.classes; ++k) {
      double value = random.uniform() + (k == label ? skill * random.uniform() : 0);
      if (number % 4 == 0) value = std::ceil(value * 4) / 4;
      if (number % 7 == 0) value = std::pow(value, 40);  // confident, down to nearly zero
      row.push_back(value);
      sum += value;
    }
    for (double value : row) p.probabilities.push_back(value / sum);
  }
  return p;
}

Json case_json(const Predictions& p, int64_t number) {
  EvaluationOptions options;
  options.resamples = 0;
  const auto metrics = evaluation_metrics(p, options);
  std::vector<std::string> names;
  for (int64_t k = 0; k < p.classes; ++k) names.push_back(std::to_string(k));
  Json json = {{"classes", p.classes}, {"labels", p.labels}, {"probabilities", p.probabilities}};
  json["metrics"] = metrics_json(metrics, names);
  json["intervals"] = intervals_json(metrics);
  json["confusion"] = metrics.confusion;
  for (int64_t k : {1, 2, 5}) {
    const auto correct = in_top_k(p, k);
    json["top_k"][std::to_string(k)] =
        std::accumulate(correct.begin(), correct.end(), 0.0) / static_cast<double>(correct.size());
  }
  std::vector<uint8_t> other;  // a second model that guesses
  Random random(2, "metrics cases", 0, static_cast<uint64_t>(number));
  for (size_t i = 0; i < p.labels.size(); ++i) other.push_back(random.uniform() < 0.5);
  const auto test = mcnemar_test(metrics.right, other);
  json["mcnemar"] = {test.only_first_right, test.only_second_right, test.p_value};
  return json;
}

FeatureRows random_rows(Random& random, int64_t count, int64_t width, double offset) {
  FeatureRows rows{width, {}};
  for (int64_t i = 0; i < count * width; ++i)
    // The last column never changes.
    rows.values.push_back(i % width == width - 1 ? 3 : offset * static_cast<double>(i % width) + random.normal());
  return rows;
}

// Two sets of rows, and counts of classes in both.
Json comparison_json(int64_t number) {
  Random random(3, "metrics cases", 0, static_cast<uint64_t>(number));
  const int64_t width = 2 + number % 4;
  const FeatureRows first = random_rows(random, 5 + random.below(60), width, 0),
                    second = random_rows(random, 5 + random.below(60), width, number % 3 == 0 ? 0 : 0.5);
  TwoSampleOptions options;
  options.permutations = 9;
  const TwoSampleTest test = tell_apart(first, second, options);
  std::vector<int64_t> here, there;
  for (int64_t k = 0; k < 2 + number % 5; ++k) {
    here.push_back(20 + random.below(40));
    there.push_back(20 + random.below(40));
  }
  const SharesTest shares = compare_shares(here, there);
  std::vector<double> one, other;
  for (const FeatureRows* rows : {&first, &second})
    for (int64_t i = 0; i < rows->count(); ++i)
      (rows == &first ? one : other).push_back(std::round(2 * rows->values[static_cast<size_t>(i * width)]));
  return {{"width", width},           {"first", first.values},
          {"second", second.values},  {"auc", test.auc},
          {"scores", test.scores},    {"folds", test.folds},
          {"rounded", {one, other}},  {"higher", higher_in_second(one, other)},
          {"classes", {here, there}}, {"chi_square", {shares.statistic, shares.p_value, shares.freedom}}};
}

}  // namespace

int main() {
  for (int64_t number = 0; number < 20; ++number)
    std::cout << Json{{"comparison", comparison_json(number)}}.dump() << "\n";
  for (int64_t number = 0; number < 200; ++number) std::cout << case_json(random_case(number), number).dump() << "\n";
}
