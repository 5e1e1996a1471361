// The data's part of what a linear probe minimises, and its gradient, by one pass over the features.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>

#include "parts/team.h"
#include "train/probe/probe.h"

namespace cvtool {

// A layer without its activation. Of two classes one row: the logit of the second against the first.
struct LinearLayer {
  at::Tensor weight;  // [rows,D] f64
  at::Tensor bias;    // [rows] f64
};

// Weighted, over all forms of all photos.
struct FeatureMoments {
  at::Tensor mean, variance;  // [D] f64
};

// So many threads, each a lane for as long as it lives: to begin and end lanes for every small piece of work would take
// longer than the work. Null where the system gives fewer.
std::unique_ptr<PartTeam> team_of_lanes(size_t lanes);

class ProbeLoss {
 public:
  struct Result {
    double value = 0;      // the weighted mean
    LinearLayer gradient;  // of it
  };

  // Of the photos `photos` ([P] i64, P > 0) of `data`, which outlives it. `lanes` threads compute it, without any
  // influence on what comes out; where it is 1, the calling thread.
  ProbeLoss(const ProbeData& data, const ProbeOptions& options, at::Tensor photos, size_t lanes);

  int64_t rows() const { return classes_ == 2 ? 1 : classes_; }  // of the layer

  Result evaluate(const LinearLayer& layer) const;
  FeatureMoments moments() const;

  // [P,classes] f64: of the photos' first forms.
  at::Tensor log_probabilities(const LinearLayer& layer) const;

 private:
  struct Rows {
    at::Tensor x;       // [n,D] f64
    at::Tensor labels;  // [n] i64
    at::Tensor weight;  // [n] f64: all weights sum to 1
  };
  Rows rows_of(int64_t begin, int64_t end) const;
  // The sum of what `block` gives for blocks of rows, f64 of one shape, along a tree that the data alone decide.
  at::Tensor sum_over_rows(const std::function<at::Tensor(const Rows&)>& block) const;
  at::Tensor loss_and_residuals(const LinearLayer& layer, const Rows& rows, at::Tensor& residuals) const;

  const ProbeData& data_;
  int64_t classes_;
  double smoothing_;
  at::Tensor photos_;               // [P] i64
  bool all_;                        // photos_ is 0 .. N-1
  at::Tensor photo_weight_;         // [P] f64
  std::unique_ptr<PartTeam> team_;  // null: the calling thread alone
};

}  // namespace cvtool
