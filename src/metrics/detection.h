// How well one number tells photos of something else from those of the classes that were learned.
#pragma once

#include <vector>

namespace cvtool {

struct Detection {
  double auroc = 0;  // that a photo of something else has the larger number; of equals half
  double fpr95 = 0;  // share of the other photos that are taken for known where 95 % of the known ones are
};

// Numbers of known and of other photos, larger for what is less like the known ones; neither is empty. As scikit-learn
// has it with the known photos as positives: roc_auc_score, and of roc_curve the first point with a true positive rate
// of at least 0.95.
Detection detection_of(std::vector<double> known, std::vector<double> other);

}  // namespace cvtool
