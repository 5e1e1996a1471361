#include "train/stopping.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

std::string without_binary(const std::string& name) {
  const size_t at = name.find("binary_");
  return at == std::string::npos ? name : name.substr(0, at) + name.substr(at + 7);
}

bool is_loss(const std::string& monitor) { return ends_with(monitor, "loss"); }

// Larger is better.
double score(const EpochReport& report, const std::string& monitor) {
  const double value = value_of(report, monitor);
  return is_loss(monitor) ? -value : value;
}

// Calls dry(n) after each epoch with the number of epochs since the last improvement.
template <class Dry>
void count_dry_epochs(const std::vector<EpochReport>& history, const StoppingConfig& config, Dry&& dry) {
  double best = -std::numeric_limits<double>::infinity();
  int64_t count = 0;
  for (const EpochReport& report : history) {
    const double now = score(report, config.monitor);
    if (now > best + config.min_delta) {
      best = now;
      count = 0;
    } else {
      ++count;
    }
    dry(count);
  }
}

}  // namespace

double value_of(const EpochReport& report, const std::string& name) {
  for (const auto& [key, value] : report.values)
    if (without_binary(key) == without_binary(name)) return value;
  return std::nan("");
}

std::string resolve_monitor(const std::string& monitor, bool has_validation) {
  if (monitor == "auto") return has_validation ? "val_accuracy" : "loss";
  if (starts_with(monitor, "val_") && !has_validation)
    throw UsageError("--monitor " + monitor +
                     ": there are no validation photos; use loss or accuracy, or hold some back with --valid");
  return without_binary(monitor);
}

void check_monitor(const TrainConfig& config) {
  if (config.stopping.monitor != kNoMonitor) return;
  if (config.stopping.patience > 0)
    throw UsageError(
        "--patience waits for a figure to improve, and --monitor none follows none; leave one of them out");
  if (config.schedule.schedule == "plateau")
    throw UsageError(
        "--schedule plateau waits for a figure to improve, and --monitor none follows none; take another schedule, "
        "such "
        "as cosine, or another --monitor");
}

bool last_is_best(const std::vector<EpochReport>& history, const std::string& monitor) {
  if (monitor == kNoMonitor) return false;
  const std::string tie = starts_with(monitor, "val_") ? "val_loss" : "loss";
  const EpochReport& last = history.back();
  for (size_t i = 0; i + 1 < history.size(); ++i) {
    const double before = score(history[i], monitor), now = score(last, monitor);
    if (before > now || (before == now && value_of(history[i], tie) <= value_of(last, tie))) return false;
  }
  return true;
}

int64_t epochs_without_improvement(const std::vector<EpochReport>& history, const StoppingConfig& config) {
  int64_t count = 0;
  count_dry_epochs(history, config, [&](int64_t dry) { count = dry; });
  return count;
}

bool out_of_patience(const std::vector<EpochReport>& history, const StoppingConfig& config) {
  return config.patience > 0 && epochs_without_improvement(history, config) >= config.patience;
}

int64_t plateau_drops(const std::vector<EpochReport>& history, const TrainConfig& config) {
  if (config.schedule.schedule != "plateau") return 0;
  int64_t drops = 0;
  count_dry_epochs(history, config.stopping,
                   [&](int64_t dry) { drops += dry > 0 && dry % config.schedule.decay_every == 0; });
  return drops;
}

std::string learned_nothing(const std::vector<EpochReport>& history, double majority) {
  constexpr int kEpochs = 5;
  constexpr double kSlack = 0.01;
  int idle = 0;
  for (auto report = history.rbegin(); report != history.rend(); ++report, ++idle) {
    const double valid = value_of(*report, "val_accuracy");
    if (value_of(*report, "accuracy") > majority + kSlack || (!std::isnan(valid) && valid > majority + kSlack)) break;
  }
  if (idle != kEpochs) return "";
  return "it has learned nothing yet: for 5 epochs it has been no better than always naming the largest class (" +
         fixed(majority, 4) + "); try another --lr, or see whether the labels are right (cvtool data preview)";
}

std::string overfitting(const std::vector<EpochReport>& history) {
  constexpr double kGap = 0.1, kRise = 1.3;
  if (history.empty() || std::isnan(value_of(history.back(), "val_loss"))) return "";
  double min = value_of(history.front(), "val_loss");
  for (const EpochReport& report : history) min = std::min(min, value_of(report, "val_loss"));
  const double train = value_of(history.back(), "accuracy"), valid = value_of(history.back(), "val_accuracy");
  const bool rises = value_of(history.back(), "val_loss") > kRise * min;
  if (train - valid < kGap && !(rises && train > valid)) return "";
  return "overfitting: at the end training accuracy is " + fixed(train, 3) + " and validation accuracy " +
         fixed(valid, 3) + (rises ? ", and the validation loss rises again" : "") +
         "; more photos, --augment, dropout or a smaller net help";
}

std::string still_improving(const std::vector<EpochReport>& history, const TrainConfig& config) {
  constexpr size_t kLeastEpochs = 4;
  constexpr double kFalls = 0.97;
  if (history.size() < kLeastEpochs) return "";
  std::vector<double> losses;
  for (const EpochReport& report : history) losses.push_back(value_of(report, "val_loss"));
  const auto quarter = static_cast<std::ptrdiff_t>(losses.size() / 4);
  const auto end = losses.end(), last = end - quarter;
  const double late = std::accumulate(last, end, 0.0), early = std::accumulate(last - quarter, last, 0.0);
  if (!(late < kFalls * early) || *std::min_element(last, end) > *std::min_element(losses.begin(), last)) return "";
  // Such schedules end with a rate of nearly nothing; to go on from there is to go on without learning.
  const bool ends_at_rest = config.schedule.schedule == "cosine" || config.schedule.schedule == "one_cycle";
  return "still improving when it ended: more --epochs would help" +
         std::string(ends_at_rest ? ", from the start, since the schedule ends there"
                                  : " (--resume RUN --epochs N goes on)");
}

}  // namespace cvtool
