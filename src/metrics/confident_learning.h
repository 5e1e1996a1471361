// Whose labels are wrong: confident learning (Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty
// in dataset labels", JAIR 70, 2021). The probabilities must be out of fold: of each photo by a model that has not seen
// it. Free of LibTorch.
#pragma once

#include <cstdint>
#include <vector>

#include "metrics/predictions.h"

namespace cvtool {

// [K]: the mean probability of class k among the photos labelled k (their equation 2); infinite where there are none,
// so that nothing is ever counted for it.
std::vector<double> class_thresholds(const Predictions& predictions);

// [K,K] row-major, given label by true one: photos that reach the threshold of some class, each counted for the most
// probable of the classes that it reaches (their equation 1).
std::vector<int64_t> confident_joint(const Predictions& predictions, const std::vector<double>& thresholds);

// [K,K], sums to 1: the joint distribution of given and true labels. Each row of counts is scaled to the photos of its
// label, then all to 1 (their equation 3); a row without counts says that its labels are right.
std::vector<double> calibrated_joint(const std::vector<int64_t>& counts, const std::vector<int64_t>& labels,
                                     int64_t classes);

struct LabelIssue {
  int64_t row = 0;
  int64_t suggested = 0;       // the most probable class, which is not the label
  double self_confidence = 0;  // probability of the label
  double margin = 0;           // see label_margin
};

// Prune by noise rate: of the photos labelled i, for each other class j, as many as the joint says are j (N times it,
// rounded so that a label's photos keep their number, and one stays), those whose probability of j exceeds that of i
// the most; of equals at the cut, all. Not those whose label is the most probable class. The least self-confident
// first.
std::vector<LabelIssue> label_issues(const Predictions& predictions, const std::vector<double>& joint);

// 0..1, the smaller the worse: (p of the label - p of the best other class + 1) / 2.
double label_margin(const Predictions& predictions, int64_t row);

// Two classes that are taken for each other.
struct ClassOverlap {
  int64_t first = 0, second = 0;  // first < second
  double share = 0;               // of the photos labelled one of both, those whose true label is the other one
};

// All pairs whose share is above 0, the largest first.
std::vector<ClassOverlap> class_overlaps(const std::vector<double>& joint, int64_t classes);

}  // namespace cvtool
