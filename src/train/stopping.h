// What a history says: of how to go on, and to people.
#pragma once

#include <string>
#include <vector>

#include "base/observer.h"
#include "spec/train_config.h"

namespace cvtool {

// The value of that name, as Keras spells it ("val_accuracy" also finds "val_binary_accuracy"); NaN where there is
// none.
double value_of(const EpochReport& report, const std::string& name);

// The word for: no figure chooses, the last epoch is kept.
constexpr const char* kNoMonitor = "none";

// "auto" -> the metric that is monitored. Throws UsageError for one that the run does not have.
std::string resolve_monitor(const std::string& monitor, bool has_validation);

// Throws UsageError where patience or a plateau would follow a figure, and none is monitored.
void check_monitor(const TrainConfig& config);

// Whether the last epoch is the best so far: by the monitored metric; accuracies that are equal by their loss. None is
// where nothing is monitored.
bool last_is_best(const std::vector<EpochReport>& history, const std::string& monitor);

// Epochs since the monitored metric last improved by more than min_delta.
int64_t epochs_without_improvement(const std::vector<EpochReport>& history, const StoppingConfig& config);

// True when there has been no improvement for so many epochs as `config` allows.
bool out_of_patience(const std::vector<EpochReport>& history, const StoppingConfig& config);

// How often a plateau has lowered the learning rate: once after each config.schedule.decay_every epochs without
// improvement.
int64_t plateau_drops(const std::vector<EpochReport>& history, const TrainConfig& config);

// What a history says to people.

// A warning when the last five epochs have done no better than always naming the largest class, whose fraction of the
// training photos is `majority`; given once, in the fifth such epoch. Empty: nothing to say.
std::string learned_nothing(const std::vector<EpochReport>& history, double majority);

// A note when the curves have parted: at the end training is far better than validation. Empty: nothing to say.
std::string overfitting(const std::vector<EpochReport>& history);

// A sentence for a training that went on learning until it ended: the validation loss of the last quarter of its epochs
// is on average 3 % or more below that of the quarter before, and its least is among the last. "" where not, and of
// fewer than 4 epochs.
std::string still_improving(const std::vector<EpochReport>& history, const TrainConfig& config);

}  // namespace cvtool
