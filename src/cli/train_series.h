// Several trainings in a row: --repeat and --sweep.
#pragma once

#include "cli/command.h"

namespace cvtool {

struct SeriesOptions {
  int64_t repeat = 1;              // seeds
  std::vector<std::string> sweep;  // see sweep_points
  bool any() const { return repeat > 1 || !sweep.empty(); }
};

// Trains every point of the grid with every seed, one after the other, and prints a table, the best first, with mean
// and spread (standard deviation) of the accuracy over the seeds. A training that fails leaves the others their turn.
// Returns the exit code.
int train_series(const Engine& engine, Console& console, const TrainRequest& request, const SeriesOptions& options);

}  // namespace cvtool
