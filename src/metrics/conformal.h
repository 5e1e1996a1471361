// What a finished model may promise of photos like those that it was calibrated with, whatever the model: split
// conformal prediction (Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005; Papadopoulos et al.
// 2002). What it is calibrated with must have trained nothing and chosen nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "metrics/predictions.h"
#include "metrics/significance.h"

namespace cvtool {

// How many photos must be there for this coverage, or for a rate of false alarms of 1 - coverage: 1/(1 - coverage),
// rounded up; the promise holds with one fewer. `coverage` is above 0 and below 1.
int64_t photos_for_coverage(double coverage);

// Sets of classes that hold the right one with the probability `coverage` at least, over calibration photos and the
// photo: every class that is as probable as this, by least ambiguous classifiers (LAC; Sadinle, Lei, Wasserman, "Least
// Ambiguous Set-Valued Classifiers With Bounded Error Levels", JASA 2019): of all such sets the smallest on average.
// `right`: the probabilities of the calibration photos' own classes, ascending, at least photos_for_coverage of them.
double least_probability(const std::vector<double>& right, double coverage);

// The classes of one photo, whose probabilities are given by falling probability: all that are as probable as `least`,
// and the most probable one in any case, so that a set is never empty. Which adds to the coverage and takes nothing.
size_t possible_count(const std::vector<double>& falling, double least);

struct CoverageReached {
  double asked = 0, reached = 0;  // shares of the photos whose set holds the right class
  Interval interval;              // of `reached`, 95 % (Wilson)
  double mean_size = 0;           // classes in a set
  double singles = 0;             // share of the sets that hold one class
};

// Of labelled photos.
CoverageReached coverage_reached(const Predictions& predictions, const std::vector<double>& right, double coverage);

// How usual a photo is among those that were kept back: the share of them, itself counted, that is as far away or
// further, which a photo like them has at most as rarely as it says (Bates et al., "Testing for Outliers with Conformal
// p-values", Annals of Statistics 2023). `distances` ascending.
double familiarity(const std::vector<double>& distances, double distance);

}  // namespace cvtool
