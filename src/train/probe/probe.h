// A linear probe: the dense layer on fixed features that is best in its training's own terms, solved rather than
// trained step by step.
//
// What is least: the mean over the rows of weight * cross entropy (softmax; of two classes the sigmoid of one value),
// the weights divided by their mean, plus l2/2 times the sum of the squared weights of the layer; its biases are free.
// That is scikit-learn's LogisticRegression with C = 1 / (n * l2). Results are the same bytes for any number of
// threads.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "base/observer.h"

namespace cvtool {

struct ProbeData {
  at::Tensor features;        // [N,V,D] f32 on the CPU: V forms of each photo, each with 1/V of the photo's weight
  at::Tensor labels;          // [N] i64 on the CPU
  std::vector<uint64_t> ids;  // [N] Sample::id: which photos are held out together follows from them
};

struct ProbeOptions {
  int64_t classes = 2;
  std::vector<double> class_weights;  // [classes]; empty: 1
  double label_smoothing = 0;
  double l2 = 0;                 // 0: by cross-validation
  int64_t units = 0;             // of the layer: 1 tells two classes apart; 0: one for each class
  Observer* observer = nullptr;  // told how far it is, and asked whether to stop; may be null
};

struct Probe {
  at::Tensor weight, bias;  // [units,D] and [units] f64
  double l2 = 0;
};

// Throws DataError where there is nothing to learn from, Error where features are not finite, and Error of kInterrupted
// when the observer asks to stop.
Probe fit_probe(const ProbeData& data, const ProbeOptions& options);

struct CrossValidation {
  double l2 = 0;                 // of those tried the one with the least log loss
  double log_loss = 0;           // mean over the photos, by the class weights; without label smoothing
  double accuracy = 0;           // part of the photos
  at::Tensor log_probabilities;  // [N,classes] f64: each photo's first form, by the probe that was fitted without it
  int64_t folds = 0;
};

// Each photo is held out once. Folds are stratified by class; equal photos (whose first forms have equal features) are
// in one. L2 goes down from the mean squared distance of the features from their mean, by tenths, until it has become
// worse twice; with options.l2 it is that alone. Throws as fit_probe does.
CrossValidation cross_validate(const ProbeData& data, const ProbeOptions& options);

}  // namespace cvtool
