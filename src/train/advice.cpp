#include "train/advice.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "train/stopping.h"

namespace cvtool {

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
  double least = value_of(history.front(), "val_loss");
  for (const EpochReport& report : history) least = std::min(least, value_of(report, "val_loss"));
  const double train = value_of(history.back(), "accuracy"), valid = value_of(history.back(), "val_accuracy");
  const bool rises = value_of(history.back(), "val_loss") > kRise * least;
  if (train - valid < kGap && !(rises && train > valid)) return "";
  return "overfitting: at the end training accuracy is " + fixed(train, 3) + " and validation accuracy " +
         fixed(valid, 3) + (rises ? ", and the validation loss rises again" : "") +
         "; more photos, --augment, dropout or a smaller net help";
}

}  // namespace cvtool
