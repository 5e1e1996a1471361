#include "cli/train_series.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/statistics.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/sweep.h"
#include "cli/train_output.h"

namespace cvtool {
namespace {

// What came of one point of the grid.
struct PointResult {
  std::string name;
  std::vector<TrainResult> results;  // one a seed
  std::vector<std::string> failures;
  double mean = 0, spread = 0;  // of the accuracy; the spread is the standard deviation
};

double accuracy_of(const TrainResult& result) { return *result.accuracy.value; }

void judge(PointResult& point) {
  std::vector<double> accuracies;
  for (const TrainResult& result : point.results) accuracies.push_back(accuracy_of(result));
  const auto [mean, spread] = mean_and_spread(accuracies);
  point.mean = mean, point.spread = spread;
}

std::string table_of(const std::vector<PointResult>& points) {
  size_t width = 0;
  for (const PointResult& point : points) width = std::max(width, point.name.size());
  std::string text;
  for (const PointResult& point : points) {
    std::string line = point.results.empty() ? "failed         " : "accuracy " + fixed(point.mean, 4);
    if (point.results.size() > 1) line += " +- " + fixed(point.spread, 4);
    if (width > 0) line += "  " + point.name + std::string(width - point.name.size(), ' ');
    for (const TrainResult& result : point.results) line += "  " + result.run;
    text += line + "\n";
  }
  return text;
}

Json series_event(const std::vector<PointResult>& points) {
  Json rows = Json::array();
  for (const PointResult& point : points) {
    Json runs = Json::array();
    for (const TrainResult& result : point.results)
      runs.push_back({{"run", result.run}, {"seed", result.seed}, {"accuracy", accuracy_of(result)}});
    rows.push_back({{"settings", point.name},
                    {"mean", point.results.empty() ? Json() : Json(point.mean)},
                    {"spread", point.results.size() > 1 ? Json(point.spread) : Json()},
                    {"runs", runs},
                    {"failures", point.failures}});
  }
  return {{"event", "series"}, {"results", rows}};
}

class Series {
 public:
  Series(const Engine& engine, Console& console, const TrainRequest& request, int64_t repeat)
      : engine_(engine), console_(console), request_(request), repeat_(repeat) {}

  // Returns false when it was interrupted.
  bool run(const std::vector<SweepPoint>& grid) {
    total_ = static_cast<int64_t>(grid.size()) * repeat_;
    for (const SweepPoint& point : grid) {
      points.push_back({point.name, {}, {}});
      for (int64_t i = 0; i < repeat_; ++i) {
        if (train(point, i)) continue;
        if (points.back().results.empty() && points.back().failures.empty()) points.pop_back();
        return false;
      }
    }
    return true;
  }

  std::vector<PointResult> points;

 private:
  // Returns false when it was interrupted.
  bool train(const SweepPoint& point, int64_t repetition) {
    TrainRequest one = request_;
    for (const auto& [section, values] : point.overrides.items()) one.overrides[section].update(values);
    if (repetition > 0) one.overrides["train"]["seed"] = first_seed_ + repetition;
    // What --base auto comes to may change while the trainings go on.
    if (!base_.empty()) one.overrides["model"]["base"] = base_;
    if (!one.name.empty()) one.name += "-" + std::to_string(number_ + 1);
    spdlog::info("training {} of {}{}", ++number_, total_, point.name.empty() ? "" : ": " + point.name);
    try {
      const TrainResult result = engine_.train(one, console_);
      console_.clear_bar();
      console_.event(end_event(result));
      base_ = result.base.empty() ? base_ : result.base;
      if (repetition == 0) first_seed_ = result.seed;
      if (result.metrics.is_object())
        points.back().results.push_back(result);
      else if (!result.interrupted)
        failed(unfinished_text(result));
      return !result.interrupted;
    } catch (const Error& error) {
      if (error.code() == ExitCode::kInterrupted) return false;
      // Nothing is lost yet, and most likely all trainings would fail of it.
      if (number_ == 1 && error.code() != ExitCode::kFailed) throw;
      failed(error.what());
    } catch (const std::exception& error) {
      failed(failure_text(error));
    }
    return true;
  }

  void failed(const std::string& why) {
    console_.clear_bar();
    spdlog::error("{}", why);
    points.back().failures.push_back(why);
  }

  const Engine& engine_;
  Console& console_;
  const TrainRequest& request_;
  int64_t repeat_, number_ = 0, total_ = 0, first_seed_ = 0;
  std::string base_;  // as TrainResult::base
};

}  // namespace

int train_series(const Engine& engine, Console& console, const TrainRequest& request, const SeriesOptions& options) {
  Series series(engine, console, request, options.repeat);
  const bool complete = series.run(sweep_points(options.sweep));
  std::vector<PointResult>& points = series.points;
  for (PointResult& point : points) judge(point);
  std::stable_sort(points.begin(), points.end(), [](const PointResult& a, const PointResult& b) {
    return a.results.empty() != b.results.empty() ? b.results.empty() : a.mean > b.mean;
  });
  if (console.writes_events())
    console.event(series_event(points));
  else
    print(table_of(points));
  console.finish_events();
  if (!complete) throw Error("interrupted; the table holds what was finished", ExitCode::kInterrupted);
  const bool failed =
      std::any_of(points.begin(), points.end(), [](const PointResult& point) { return point.results.empty(); });
  return static_cast<int>(failed ? ExitCode::kFailed : ExitCode::kDone);
}

}  // namespace cvtool
