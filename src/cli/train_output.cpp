#include "cli/train_output.h"

#include <nlohmann/json.hpp>

#include "base/output.h"
#include "base/text.h"

namespace cvtool {

std::string training_summary(const TrainResult& result) {
  std::string text;
  for (const std::string& note : result.notes) text += note + "\n";
  text += "best epoch " + std::to_string(result.best_epoch) + " of " + std::to_string(result.epochs) + ": accuracy " +
          fixed(*result.accuracy.value, 4);
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
    text += "; the best model so far is " + result.run + "/best.pt";
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
