// The epoch in which a linear probe is solved: what it can be solved for, and how.
#pragma once

#include "train/frozen_net.h"
#include "train/phases.h"

namespace cvtool {

// How the recipe has the probe solved.
ProbeOptions probe_options(const PhaseInputs& in);

// Throws UsageError where the recipe's probe fits neither its net nor its other settings; a recipe without a probe is
// looked at only for what it says of one. `recipe` is resolved.
void check_probe(const Recipe& recipe, const Net& net);

// Makes `phase`, of a net that is frozen up to its head, one that is solved: gives it the kept features of both splits
// and TrainingPhase::solve. Gives those of the training photos.
std::shared_ptr<const FeatureStore> solve_by_probe(const PhaseInputs& in, const CutNet& net, TrainingPhase& phase);

}  // namespace cvtool
