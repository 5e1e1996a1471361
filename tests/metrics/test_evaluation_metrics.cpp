#include "metrics/evaluation_metrics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "metrics/significance.h"
#include "spec/metric_table.h"

using namespace cvtool;
using doctest::Approx;

namespace {

// Two classes from the probability of class 1.
Predictions binary(const std::vector<double>& ones, std::vector<int64_t> labels) {
  Predictions p;
  p.classes = 2;
  for (double one : ones) p.probabilities.insert(p.probabilities.end(), {1 - one, one});
  p.labels = std::move(labels);
  return p;
}

Predictions random_predictions(int64_t count, int64_t classes, uint64_t seed) {
  Random random(seed, "metrics test");
  Predictions p;
  p.classes = classes;
  for (int64_t i = 0; i < count; ++i) {
    p.labels.push_back(random.below(classes));
    double sum = 0;
    std::vector<double> row;
    for (int64_t k = 0; k < classes; ++k)
      row.push_back(random.uniform() + (k == p.labels.back() ? 0.5 : 0)), sum += row.back();
    for (double v : row) p.probabilities.push_back(v / sum);
  }
  return p;
}

}  // namespace

TEST_CASE("Counts, accuracy and F1 of a small case are as worked out by hand") {
  // True 0 0 0 1 1, said 0 0 1 1 0.
  const auto m = evaluation_metrics(binary({0.1, 0.2, 0.9, 0.8, 0.4}, {0, 0, 0, 1, 1}));
  CHECK(m.metric("accuracy").value == Approx(0.6));
  CHECK(m.confusion == ConfusionMatrix{{2, 1}, {1, 1}});
  CHECK(m.classes[1].scores.f1 == Approx(0.5));
  CHECK(m.metric("majority_baseline").value == Approx(0.6));
  CHECK(m.metric("roc_auc").value == Approx(4.0 / 6));
  CHECK(m.right == std::vector<uint8_t>{1, 1, 0, 1, 0});
  CHECK_THROWS_AS(m.metric("acuracy"), Error);
}

TEST_CASE("A threshold moves the decision and needs two classes") {
  const auto p = binary({0.1, 0.2, 0.9, 0.8, 0.4}, {0, 0, 0, 1, 1});
  EvaluationOptions options;
  options.threshold = 0.4;
  CHECK(evaluation_metrics(p, options).confusion == ConfusionMatrix{{2, 1}, {0, 2}});
  CHECK(best_f1_threshold(p).threshold == 0.4);
  CHECK(best_f1_threshold(p).f1 == Approx(0.8));
  CHECK_THROWS_AS(evaluation_metrics(random_predictions(9, 3, 1), options), UsageError);
}

TEST_CASE("The threshold table agrees with deciding at each of its thresholds") {
  const auto p = random_predictions(200, 2, 3);
  const auto rows = threshold_table(p);
  REQUIRE(rows.size() == 19);
  for (size_t i = 0; i < rows.size(); ++i) CHECK(rows[i].threshold == Approx(0.05 * static_cast<double>(i + 1)));
  for (const auto& row : rows) {
    EvaluationOptions options;
    options.threshold = row.threshold;
    options.resamples = 0;
    const auto m = evaluation_metrics(p, options);
    CHECK(m.metric("accuracy").value == row.accuracy);
    CHECK(m.classes[1].scores.precision == row.precision);
    CHECK(best_f1_threshold(p).f1 >= row.f1);
  }
}

TEST_CASE("Calibration bins hold every image and their error is zero for a calibrated model") {
  // Of ten images at 0.8, eight are right.
  const auto p = binary(std::vector<double>(10, 0.8), {1, 1, 1, 1, 1, 1, 1, 1, 0, 0});
  const auto bins = calibration_bins(confidences(p));
  int64_t count = 0;
  for (const auto& bin : bins) count += bin.count;
  CHECK(count == 10);
  CHECK(bins[11].count == 10);  // (11/15, 12/15], its upper end included
  CHECK(expected_calibration_error(bins) == Approx(0).epsilon(1e-12));
  CHECK(calibration_bin(0) == 0);
  CHECK(calibration_bin(1) == 14);
  CHECK(expected_calibration_error({}) == 0);
}

TEST_CASE("Log loss, Brier score and calibration read the distribution where it differs") {
  auto p = binary({0.9, 0.3}, {1, 0});
  const double plain = evaluation_metrics(p).metric("log_loss").value;
  p.distribution = {0.5, 0.5, 0.5, 0.5};
  const auto m = evaluation_metrics(p);
  CHECK(plain != Approx(std::log(2)));
  CHECK(m.metric("log_loss").value == Approx(std::log(2)));
  CHECK(m.metric("brier").value == Approx(0.25));
  CHECK(m.metric("accuracy").value == 1);
}

TEST_CASE("Every metric lies within its interval and more images narrow it") {
  const auto few = evaluation_metrics(random_predictions(60, 20, 5)),
             many = evaluation_metrics(random_predictions(2000, 20, 5));
  for (const auto& metric : many.metrics) {
    INFO(metric.name);
    if (!metric_kind(metric.name).interval) continue;
    CHECK((metric.interval.low <= metric.value && metric.value <= metric.interval.high));
    const Interval wide = few.metric(metric.name).interval;
    CHECK(metric.interval.high - metric.interval.low < 0.5 * (wide.high - wide.low));
  }
}

TEST_CASE("An interval of the calibration error holds it, also where every resample looks worse") {
  // Confidence is the accuracy in each bin.
  Predictions p = binary({}, {});
  for (int i = 0; i < 300; ++i) {
    const double confidence = 0.55 + 0.1 * (i % 5);
    const bool right = (i / 5) % 20 < confidence * 20;
    p.probabilities.insert(p.probabilities.end(), {1 - confidence, confidence});
    p.labels.push_back(right ? 1 : 0);
  }
  const auto metrics = evaluation_metrics(p);
  const Metric& ece = metrics.metric("ece");
  CHECK(ece.value < 0.02);
  CHECK(ece.interval.low <= ece.value);
  CHECK(ece.value <= ece.interval.high);
  CHECK(ece.interval.low >= 0);
  // Moved by the bias, and no further: mean 3, estimate 2.
  const Interval moved = unbiased_interval({1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 3}, 2, {0.5, 10});
  CHECK(moved.low == Approx(0.5));
  CHECK(moved.high == Approx(4));
}

TEST_CASE("The majority baseline names the class that is most frequent in training") {
  EvaluationOptions options;
  options.majority = 1;
  const Predictions p = binary({0.1, 0.2, 0.9, 0.8, 0.4}, {0, 0, 0, 1, 1});
  CHECK(evaluation_metrics(p, options).metric("majority_baseline").value == Approx(0.4));
}

TEST_CASE("Bootstrap intervals repeat with the seed and follow it") {
  const auto p = random_predictions(100, 3, 6);
  EvaluationOptions other;
  other.seed = 7;
  CHECK(intervals_json(evaluation_metrics(p)) == intervals_json(evaluation_metrics(p)));
  CHECK(intervals_json(evaluation_metrics(p)) != intervals_json(evaluation_metrics(p, other)));
  EvaluationOptions none;
  none.resamples = 0;
  CHECK(intervals_json(evaluation_metrics(p, none)).size() == 1);  // Wilson's, of accuracy
}

TEST_CASE("The curves run from end to end and their area is the metric") {
  const auto p = random_predictions(300, 2, 8);
  const Ranking ranking = ranking_of(p, 1);
  const auto curve = roc_curve(ranking);
  CHECK((curve.x.front() == 0 && curve.y.front() == 0 && curve.x.back() == 1 && curve.y.back() == 1));
  double area = 0;
  for (size_t i = 1; i < curve.x.size(); ++i) area += (curve.x[i] - curve.x[i - 1]) * (curve.y[i] + curve.y[i - 1]) / 2;
  CHECK(area == Approx(ranking_areas(ranking).roc_auc).epsilon(1e-12));
  CHECK(precision_recall_curve(ranking).x.back() == 1);
}

TEST_CASE("Two models are compared by the photos that only one of them gets right") {
  const McNemar test = mcnemar_test({1, 1, 1, 1, 0, 0, 1, 1}, {1, 0, 0, 0, 1, 0, 1, 1});
  CHECK(test.only_first_right == 3);
  CHECK(test.only_second_right == 1);
  CHECK(test.p_value == Approx(2 * 5 / 16.0));  // at most one of four: (1 + 4) / 2^4
  CHECK(mcnemar_test({1, 0}, {1, 0}).p_value == 1);
  CHECK_THROWS_AS(mcnemar_test({1, 0}, {1}), Error);
}

TEST_CASE("Undefined metrics are null in JSON and classes are named") {
  const auto m = evaluation_metrics(binary({0.1, 0.2}, {0, 0}));
  const Json json = metrics_json(m, {"cat", "dog"});
  CHECK(json["roc_auc"].is_null());
  CHECK(json["cohen_kappa"].is_null());
  CHECK(json["f1"]["cat"] == 1.0);
  CHECK(json["support"]["dog"] == 0);
  CHECK(json["macro"]["f1"] == 1.0);
  CHECK(json["thresholds"].size() == 19);
  CHECK(metrics_json(evaluation_metrics(random_predictions(9, 3, 1)), {"a", "b", "c"}).count("thresholds") == 0);
}

TEST_CASE("Predictions that do not fit together are refused") {
  CHECK_THROWS_AS(evaluation_metrics(binary({}, {})), DataError);
  CHECK_THROWS_AS(evaluation_metrics(binary({0.5}, {0, 1})), Error);
  CHECK_THROWS_AS(evaluation_metrics(binary({0.5}, {2})), Error);
  CHECK_THROWS_AS(evaluation_metrics(binary({std::nan("")}, {0})), Error);
  CHECK_THROWS_AS(mcnemar_test({1}, {1, 0}), Error);
}

TEST_CASE("Many classes are evaluated with intervals of the ranking metrics too") {
  const auto p = random_predictions(2000, 300, 9);
  const auto m = evaluation_metrics(p);
  CHECK(m.metric("top_5_accuracy").value > m.metric("accuracy").value);
  CHECK_FALSE(std::isnan(m.metric("roc_auc").interval.low));
}
