// A running average of weights and batch statistics (Polyak and Juditsky 1992; as used by Tarvainen and Valpola, arXiv
// 1703.01780), which is smoother than the last step's.
#pragma once

#include "train/training_state.h"

namespace cvtool {

class WeightAverage {
 public:
  // average = decay * average + (1 - decay) * weight. Decay 0: there is no average.
  explicit WeightAverage(double decay) : decay_(decay) {}

  // From now on these weights (kept by reference) are followed. What was followed before goes on under its name; what
  // is new starts from `kept` ("average/NAME"), else from the weight as it is.
  void follow(const NamedTensors& weights, const NamedTensors& kept);

  // After each step; `updates` counts them from 1. In the beginning the decay is smaller: (1 + n) / (10 + n).
  void update(int64_t updates);

  // The averages are the weights as they are.
  void start_again();

  // Adds the averages to a checkpoint.
  void save(NamedTensors& tensors) const;

  // While alive, the net holds the averages.
  class InPlace {
   public:
    explicit InPlace(const WeightAverage& average);
    ~InPlace();
    InPlace(const InPlace&) = delete;
    InPlace& operator=(const InPlace&) = delete;

   private:
    const WeightAverage& average_;
    std::vector<at::Tensor> own_;
  };

 private:
  struct Entry {
    std::string name;
    at::Tensor weight, average;
  };
  double decay_;
  std::vector<Entry> entries_;
};

}  // namespace cvtool
