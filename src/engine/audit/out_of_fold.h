// What a cross-validation has said of the photos that its models had not seen, read back from its run's folder.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "metrics/predictions.h"

namespace cvtool {

struct OutOfFold {
  std::vector<Sample> samples;  // by path, labelled as the data has them
  Predictions predictions;      // of these, in their order; each row sums to 1
};

// Throws UsageError for a folder that is no finished run of train --folds.
void check_is_cross_validation(const std::string& run);

// Of such a run. Throws DataError where it is of other photos, classes or
// labels than `dataset` has.
OutOfFold read_out_of_fold(const std::string& run, const Dataset& dataset);

}  // namespace cvtool
