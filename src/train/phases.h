// Which part of a net is trained in which epochs, and on what.
#pragma once

#include <memory>
#include <vector>

#include "data/loader.h"
#include "model/compile.h"
#include "spec/recipe.h"
#include "train/feature_shelf.h"
#include "train/probe/probe.h"
#include "train/trainer.h"

namespace cvtool {

struct KeptFeatures;

struct PhaseInputs {
  const Recipe& recipe;  // resolved
  const Net& net;        // on `device`
  int64_t classes = 0;
  const PhotoStore& train;
  const PhotoStore* valid = nullptr;  // may be null
  at::Device device = at::kCPU;
  at::ScalarType precision = at::kFloat;  // of the frozen part in training; validation is in float32
  Observer& observer;
  Profile* profile = nullptr;             // may be null
  Ranks* ranks = nullptr;                 // the processes that train together; may be null
  KeptFeatures* kept = nullptr;           // where a phase leaves the features of training photos; may be null
  std::shared_ptr<FeatureShelf> shelf{};  // where trainings in a row keep features together; may be null
};

// The samples of each epoch, by the run's seed and sampler. Keeps a reference to `samples`.
EpochOrder training_order(const std::vector<Sample>& samples, const TrainConfig& config);

// Throws UsageError where the settings of `transfer` do not fit the net.
void check_transfer(const TransferConfig& config, const Net& net);

// Why the net cannot be trained in `precision`: LibTorch has no gradient in it for an operation of the base. Empty
// where it can. Tries `pixels`, as the net is given them, on its device; the net is left in evaluation mode, without
// gradients.
std::string training_trouble(const Net& net, const at::Tensor& pixels, at::ScalarType precision);

// True where what is trained must be given each batch whole, so that rounding follows the number of threads.
bool depends_on_threads(const TransferConfig& config);

// The features that a head of one dense layer sees: of the training photos behind the frozen backbone and all before
// that layer, in all forms that the augmentation gives (as they are, where those have no end). Kept as
// transfer.feature_cache says, so that on disk the training finds them again. Throws UsageError where the net has
// another head, Error of kInterrupted when the observer asks to stop.
ProbeData probe_data(const PhaseInputs& inputs);

// A recipe whose probe is all of its training has one epoch: sets it, and says so where there were more.
void settle_probe(Recipe& recipe);

// One phase; two where a backbone is fine-tuned after some epochs, or after the head was solved. They keep references
// to the stores and the net's weights. What is frozen runs frozen: from pixels where features cannot be kept, else once
// per photo, and epochs start from the features.
std::vector<PhasePlan> training_phases(const PhaseInputs& inputs);

}  // namespace cvtool
