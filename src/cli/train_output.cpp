#include "cli/train_output.h"

#include <nlohmann/json.hpp>

#include "base/output.h"
#include "base/text.h"

namespace cvtool {
namespace {

// More epochs are shown by their first and last ones.
constexpr size_t kShownEpochs = 10;

// The parts that `all` has.
std::vector<std::string> profile_row(const std::string& title, const EpochTime& time, const EpochTime& all) {
  std::vector<std::string> row{title, fixed(time.seconds, 1)};
  for (size_t i = 0; i < time.parts.size(); ++i)
    if (all.has(i)) row.push_back(fixed(time.seconds > 0 ? 100 * time.parts[i] / time.seconds : 0, 1));
  return row;
}

std::string exchange_text(const ExchangeCount& exchange) {
  if (exchange.steps == 0) return "";
  constexpr double kKilo = 1e3;
  const auto steps = static_cast<double>(exchange.steps);
  return "rank 0 sent the others " + fixed(static_cast<double>(exchange.sent_bytes) / steps / kKilo, 1) +
         " kB a step, in " + fixed(static_cast<double>(exchange.exchanges) / steps, 1) + " exchanges\n";
}

std::string workers_text(const SpentTimes& workers) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < workers.size(); ++i)
    if (workers[i] > 0) parts.push_back(std::string(kSpentNames[i]) + " " + duration_text(workers[i]));
  return parts.empty() ? "" : "ahead of use, in other threads: " + join(parts, ", ") + "\n";
}

}  // namespace

std::string profile_text(const TrainProfile& profile, const std::string& run) {
  std::vector<std::vector<std::string>> rows{{"epoch", "seconds"}};
  for (size_t i = 0; i < kSpentNames.size(); ++i)
    if (profile.total.has(i)) rows[0].emplace_back(kSpentNames[i]);
  const size_t count = profile.epochs.size();
  for (size_t i = 0; i < count; ++i) {
    const bool shown = count <= kShownEpochs || i < kShownEpochs / 2 || i >= count - kShownEpochs / 2;
    if (shown) rows.push_back(profile_row(std::to_string(profile.epochs[i].epoch), profile.epochs[i], profile.total));
    if (!shown && i == kShownEpochs / 2) rows.push_back({"..."});
  }
  rows.push_back(profile_row("all", profile.total, profile.total));
  std::string text = "where the time went, in per cent of each epoch (wait: for photos)\n" + table_text(rows) +
                     workers_text(profile.total.workers) + exchange_text(profile.total.exchange);
  if (profile.peak)
    text += "forward and backward reached " + fixed(profile.peak->gflops_reached, 1) + " of " +
            fixed(profile.peak->gflops_peak, 1) + " GFLOP/s, the rate of large matrix products here\n";
  return text + "wrote " + run + "/profile.json\n";
}

namespace {

std::string folds_summary(const TrainResult& result) {
  std::string text = "accuracy " + fixed(*result.accuracy.value, 4);
  if (const auto& range = result.accuracy.interval)
    text += " (95 % interval " + fixed((*range)[0], 3) + " to " + fixed((*range)[1], 3) + ")";
  int64_t photos = 0;
  for (const FoldResult& fold : result.folds) photos += fold.photos;
  text += " over " + counted(photos, "photo") + ", each judged by the model that has not seen it\n" +
          std::to_string(result.folds.size()) + " folds: mean " + fixed(result.fold_mean, 4) + " +- " +
          fixed(result.fold_spread, 4) + " (";
  for (const FoldResult& fold : result.folds)
    text += (&fold == &result.folds.front() ? "" : ", ") + fixed(fold.accuracy, 4);
  return text + "); trained for " + duration_text(result.seconds) + "\nrun " + printable(result.run) +
         " (report.html, predictions.csv, metrics.json; fold-1 to fold-" + std::to_string(result.folds.size()) +
         ")\nnext: the same command without --folds trains one model\n";
}

}  // namespace

std::string training_summary(const TrainResult& result) {
  if (!result.folds.empty()) return folds_summary(result);
  std::string text;
  for (const std::string& note : result.notes) text += note + "\n";
  text += (result.chosen ? "best epoch " : "last epoch ") + std::to_string(result.best_epoch) + " of " +
          std::to_string(result.epochs) + ": accuracy " + fixed(*result.accuracy.value, 4);
  if (const auto& range = result.accuracy.interval)
    text += " (95 % interval " + fixed((*range)[0], 3) + " to " + fixed((*range)[1], 3) + ")";
  text += ", loss " + fixed(result.loss, 4) + "; trained for " + duration_text(result.seconds) + "\nrun " +
          printable(result.run) + " (report.html, best.pt, curves.png, history.csv)\n";
  if (!result.resume.empty()) text += "go on with: " + result.resume + "\n";
  return text + "next: cvtool predict IMAGE --model " + shell_word(result.run) + "\n";
}

std::string unfinished_text(const TrainResult& result) {
  std::string text =
      result.interrupted ? "interrupted after " + counted(result.epochs, "epoch") : join(result.notes, "; ");
  if (result.best_epoch > 0)
    text += "; the " + std::string(result.chosen ? "best" : "last") + " model so far is " + result.run + "/best.pt";
  else if (!result.interrupted)
    text += "; no epoch is finished, so there is no model yet";
  return text + "; go on with: " + result.resume;
}

Json end_event(const TrainResult& result) {
  Json event{{"event", "end"}};
  write_fields(result, event);
  return event;
}

}  // namespace cvtool
