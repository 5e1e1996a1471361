// Two ways to train compared by what each says of the same photos.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cvtool {

// What a way to train says of each photo that it was not shown.
struct PhotoScores {
  std::vector<double> loss;    // -log of the probability of the photo's class
  std::vector<double> right;   // 1 where that class is the most probable, else 0
  std::vector<int64_t> named;  // the most probable class

  double accuracy() const;
  double mean_loss() const;
  int64_t mistakes() const;
  std::string text() const;  // "accuracy 0.9512, loss 0.1400"
  // Of the photos `rows`, in that order.
  PhotoScores part(const std::vector<size_t>& rows) const;
  // Of the first `count`.
  PhotoScores first(size_t count) const;
  // Appends those of further photos.
  void add(const PhotoScores& more);
};

// `log_probabilities` [N,K] f64, `labels` [N] i64, both on the CPU.
PhotoScores scores_of(const at::Tensor& log_probabilities, const at::Tensor& labels);

// Whether `other` beats `kept` by more than one standard error of the differences, photo by photo: in accuracy, or in
// log loss where it names at least as many photos right. Of the same photos in the same order.
bool is_better(const PhotoScores& other, const PhotoScores& kept);

}  // namespace cvtool
