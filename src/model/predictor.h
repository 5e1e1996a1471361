// A finished model at work: the one way from pixels to probabilities, for eval, predict and every check.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include "model/ready_net.h"

namespace cvtool {

struct Prediction {
  at::Tensor logits;         // [N,units] f32, CPU
  at::Tensor probabilities;  // [N,K] f32, CPU
  at::Tensor sigmoids;       // [N,units] f32, CPU: each unit's own, without a temperature; see Predictor::has_sigmoids
  at::Tensor features{};     // [N,F] f32, CPU: what the last dense layer reads; undefined where there is none
};

class Predictor {
 public:
  // `precision` is kFloat or kBFloat16.
  Predictor(const ReadyNet& net, at::ScalarType precision);
  // Of a classifier (see Net::module), which does not change.
  Predictor(const torch::jit::Module& classifier, at::Device device, at::ScalarType precision)
      : Predictor(ready_net(classifier, device), precision) {}

  // `pixels` [N,C,H,W] u8 or f32, RGB 0..255, on any device. On the CPU what it says of a photo depends on nothing but
  // the photo, bit for bit: it computes by batches of rows(), in lanes (see in_lanes).
  Prediction run(const at::Tensor& pixels) const;

  int64_t rows() const { return rows_; }
  at::Device device() const { return device_; }
  // Whether the last layer has several sigmoid units.
  bool has_sigmoids() const { return net_.find_method("sigmoids").has_value(); }

 private:
  // Logits, and features behind them where units_ says so.
  at::Tensor values_of(const at::Tensor& pixels) const;

  torch::jit::Module net_;     // see ReadyNet
  torch::jit::Module logits_;  // its forward, as fast as it gets
  at::Device device_;
  at::ScalarType precision_;
  int64_t rows_ = 1;
  int64_t units_ = 0;  // see tapped_units
};

// Weights in channels_last order, which convolutions read fastest. Changes the module in place.
void use_channels_last(torch::jit::Module& module);

}  // namespace cvtool
