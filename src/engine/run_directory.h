// The folder that a run writes to.
#pragma once

#include <string>

namespace cvtool {

// Makes PROJECT/NAME, or PROJECT/train, train2, ... when the name is empty. Throws UsageError when NAME exists, Error
// when it cannot be made.
std::string make_run_directory(const std::string& project, const std::string& name);

// Points PROJECT/latest at the run.
void mark_latest(const std::string& run);

// The model file that --model means: a file, or best.pt of a run's folder; empty: runs/latest. Throws UsageError.
std::string model_path(const std::string& model);

}  // namespace cvtool
