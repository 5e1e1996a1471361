// What a history says of how to go on. All are functions of the history alone, so a run that is resumed judges as
// before.
#pragma once

#include <vector>

#include "base/observer.h"
#include "spec/train_config.h"

namespace cvtool {

// The value of that name, as Keras spells it ("val_accuracy" also finds "val_binary_accuracy"); NaN where there is
// none.
double value_of(const EpochReport& report, const std::string& name);

// "auto" -> the figure that is monitored. Throws UsageError for one that the run does not have.
std::string resolve_monitor(const std::string& monitor, bool has_validation);

// Whether the last epoch is the best so far: by the monitored figure; accuracies that are equal by their loss.
bool last_is_best(const std::vector<EpochReport>& history, const std::string& monitor);

// Epochs since the monitored figure last improved by more than min_delta.
int64_t epochs_without_improvement(const std::vector<EpochReport>& history, const StoppingConfig& config);

// True when there has been no improvement for so many epochs as `config` allows.
bool out_of_patience(const std::vector<EpochReport>& history, const StoppingConfig& config);

// How often a plateau has lowered the learning rate: once after each config.schedule.decay_every epochs without
// improvement.
int64_t plateau_drops(const std::vector<EpochReport>& history, const TrainConfig& config);

}  // namespace cvtool
