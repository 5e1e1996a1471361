// Keras's names and layouts to PyTorch's.
#pragma once

#include "model/state_dict.h"

namespace cvtool {

// Convolution kernel [height, width, in, out] -> [out, in, height, width].
at::Tensor conv_weight_from_keras(const at::Tensor& kernel);

// Depthwise kernel [height, width, in, multiplier] -> [in * multiplier, 1, height, width].
at::Tensor depthwise_weight_from_keras(const at::Tensor& kernel);

// Dense kernel [in, out] -> [out, in].
at::Tensor dense_weight_from_keras(const at::Tensor& kernel);

// "block1_conv1/kernel:0", and "block1_conv1/block1_conv1_W_1:0" of Keras 1 -> "block1_conv1/kernel".
std::string keras_name(const std::string& name);

// True when the names are those of Keras ("Conv1/kernel"): each has, as keras_name gives it, a slash and a last part
// that Keras's layers use.
bool is_keras(const StateDict& dict);

// All tensors under PyTorch's names and in its layouts: LAYER/kernel and LAYER/depthwise_kernel ->
// LAYER.weight, LAYER/bias -> LAYER.bias; batch norm: gamma -> weight, beta -> bias, moving_mean ->
// running_mean, moving_variance -> running_var. LAYER keeps its name, slashes in it become dots. Throws Error
// naming a tensor that has no counterpart.
StateDict torch_from_keras(const StateDict& keras);

}  // namespace cvtool
