// A way to train, tried: trained on a part of the training photos, measured on those held back.
#pragma once

#include <optional>

#include "run/training_data.h"
#include "search/held_back.h"
#include "search/scores.h"
#include "train/probe/probe.h"

namespace cvtool {

struct Trial {
  PhotoScores scores;            // of the photos held back, in their order
  double images_per_second = 0;  // of its last epoch's training, without what is done once
};

// Who looks on, and the seconds after which a trial is cut off (infinity: none). Of several processes only trainings
// are, which agree on it.
struct TrialWatch {
  Observer& observer;
  double limit_s;
};

// Trains `plan` on the photos `photos.fit` of the store, without a word on its epochs, and measures it on
// `photos.check` (may be empty). Nothing where it was cut off. Throws Error (interrupted) when the observer asks to
// stop.
std::optional<Trial> try_out(const TrainPlan& plan, const PhotoStore& store, const HeldBackRows& photos,
                             const TrialWatch& watch);

// What cross-validation says of the head's optimum behind a frozen backbone.
struct ProbeTrial {
  PhotoScores scores;  // of every photo, by a head that was not fitted to it
  double l2 = 0;       // that was best
  double seconds = 0;
  ProbeData photos;      // what it was fitted to, and how
  ProbeOptions options;  // without an observer
};

// Of the photos `rows` of the training store. Nothing where it was cut off.
std::optional<ProbeTrial> try_probe(const TrainPlan& plan, const PhotoStore& store, const std::vector<size_t>& rows,
                                    const TrialWatch& watch);

// What heads say that are fitted to half as many of the trial's photos, in the order of trial.scores.
PhotoScores scores_with_half(const ProbeTrial& trial, Observer& observer);

}  // namespace cvtool
