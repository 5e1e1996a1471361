#include "cli/train_output.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace cvtool {

std::string training_summary(const TrainResult& result) {
  std::string text;
  for (const std::string& note : result.notes) text += note + "\n";
  text += "best epoch " + std::to_string(result.best_epoch) + " of " + std::to_string(result.epochs) + ": accuracy " +
          fixed(result.metrics["accuracy"].get<double>(), 4);
  const Json interval = result.metrics.value("intervals", Json::object()).value("accuracy", Json());
  if (interval.is_array())
    text +=
        " (95 % interval " + fixed(interval[0].get<double>(), 3) + " to " + fixed(interval[1].get<double>(), 3) + ")";
  text += ", loss " + fixed(result.metrics["loss"].get<double>(), 4) + "; trained for " +
          duration_text(result.seconds) + "\nrun " + result.run + " (report.html, best.pt, curves.png, history.csv)\n";
  if (!result.resume.empty()) text += "go on with: " + result.resume + "\n";
  return text + "next: cvtool predict IMAGE --model " + shell_word(result.run) + "\n";
}

std::string unfinished_text(const TrainResult& result) {
  std::string text =
      result.interrupted ? "interrupted after " + counted(result.epochs, "epoch") : join(result.notes, "; ");
  if (result.best_epoch > 0)
    text += "; the best model so far is " + result.run + "/best.pt";
  else if (!result.interrupted)
    text += "; no epoch is finished, so there is no model yet";
  return text + "; go on with: " + result.resume;
}

Json end_event(const TrainResult& result) {
  return {{"event", "end"},          {"run", result.run},         {"best_epoch", result.best_epoch},
          {"epochs", result.epochs}, {"seconds", result.seconds}, {"interrupted", result.interrupted},
          {"resume", result.resume}, {"notes", result.notes},     {"metrics", result.metrics}};
}

}  // namespace cvtool
