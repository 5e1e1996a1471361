// A finished model at work: the one way from pixels to probabilities, for eval, predict and every check.
#pragma once

#include <torch/csrc/jit/api/module.h>

namespace cvtool {

struct Prediction {
  at::Tensor logits;         // [N,units] f32, CPU
  at::Tensor probabilities;  // [N,K] f32, CPU
};

class Predictor {
 public:
  // Takes a frozen copy of `module` (see Net::module) to `device`; `precision` is kFloat or kBFloat16.
  Predictor(const torch::jit::Module& module, at::Device device, at::ScalarType precision);

  // `pixels` [N,3,H,W] u8 or f32, RGB 0..255, on any device.
  Prediction run(const at::Tensor& pixels) const;

  // [N,units] f32, CPU: each unit's own sigmoid, without a temperature. Throws UsageError where the net has none.
  at::Tensor sigmoids(const at::Tensor& pixels) const;

 private:
  at::Tensor to_input(const at::Tensor& pixels) const;

  torch::jit::Module module_;
  at::Device device_;
  at::ScalarType precision_;
};

// Weights in channels_last order, which convolutions read fastest. Changes the module in place.
void use_channels_last(torch::jit::Module& module);

}  // namespace cvtool
