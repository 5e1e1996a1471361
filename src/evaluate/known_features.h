// What the features of known photos are like, and how far from that a photo is: Mahalanobis distance to the nearest
// class (Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks",
// NeurIPS 2018), whose covariance, one for all classes, is kept small: exact in the few directions in which the photos
// differ most, and the same in all others (probabilistic principal components: Tipping and Bishop, JRSS B 1999).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

struct KnownFeatures {
  int64_t photos = 0;             // that it was fitted to
  double shrinkage = 0;           // see fit_known_features
  at::Tensor mean;                // [D] f32, of all photos
  at::Tensor basis;               // [R,D] f32, orthonormal up to its rounding to float16
  at::Tensor variances;           // [R] f32, above 0: within the classes, along the basis
  double rest = 0;                // variance in any other direction, above 0; 0: there is none
  at::Tensor centres;             // [C,R] f32: the classes' means along the basis
  std::string split;              // "calibration" or "validation": the photos of
  std::vector<double> distances;  // ascending; photos that trained nothing

  int64_t features() const { return mean.size(0); }
};

// Features of a photo [F] or of several [N,F] f32 as they are compared: of length 1, since what the net sees little in
// has small features and would lie near everything (Sehwag, Chiang, Mittal, "SSD: A Unified Framework for
// Self-Supervised Outlier Detection", ICLR 2021). Of more than 2,048 each is first added to one of 2,048 sums with a
// sign, both drawn by its place alone, which keeps distances on average (count sketch: Weinberger et al., "Feature
// Hashing for Large Scale Multitask Learning", ICML 2009).
at::Tensor compared_features(const at::Tensor& features);

// Of features [N,D] f32, N at least 3, as compared_features gives them, and labels [N] in 0 .. classes-1; a class
// without photos has no centre. `distances` and `split` are left empty. The covariance within the classes is shrunk
// towards a multiple of the identity by as much as Ledoit and Wolf find ("A well-conditioned estimator for
// large-dimensional covariance matrices", Journal of Multivariate Analysis 2004), as scikit-learn's LedoitWolf does of
// centred data. The basis holds the principal components of all photos, `most_directions` at most, turned so that the
// covariance is diagonal there. The same bytes for any number of threads. Throws DataError where all photos have the
// same features.
KnownFeatures fit_known_features(const at::Tensor& features, const std::vector<int64_t>& labels, int64_t classes,
                                 int64_t most_directions = 32);

// Of a photo's features [D] f32, contiguous, as compared_features gives them: the root of the mean squared distance
// from the nearest class in its standard deviations, about 1 for known photos. Throws Error where they are not as many
// as were fitted, or undefined: the file is damaged, or its net hides them.
double distance_of(const KnownFeatures& known, const at::Tensor& features);

// The same of each of several [N,D].
std::vector<double> distances_of(const KnownFeatures& known, const at::Tensor& features);

// What a model's info holds under kUnknownKey.
Json known_features_json(const KnownFeatures& known);

// `info` is that of the model file `path`, and holds the key. Throws Error where it is damaged.
KnownFeatures known_features_of(const Json& info, const std::string& path);

}  // namespace cvtool
