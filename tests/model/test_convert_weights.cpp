#include "model/convert_weights.h"

#include <ATen/ATen.h>
#include <torch/script.h>

#include "model/weights/weight_files.h"

using namespace cvtool;

TEST_CASE("Keras kernels are laid out as PyTorch's, element by element") {
  const at::Tensor conv = at::arange(2 * 3 * 4 * 5, at::kFloat).reshape({2, 3, 4, 5});
  const at::Tensor weight = conv_weight_from_keras(conv);
  CHECK((weight.sizes() == at::IntArrayRef({5, 4, 2, 3})));
  CHECK(weight[4][1][0][2].item<float>() == conv[0][2][1][4].item<float>());
  const at::Tensor depthwise = depthwise_weight_from_keras(conv);
  CHECK((depthwise.sizes() == at::IntArrayRef({20, 1, 2, 3})));
  // Keras: output channel = input channel * multiplier + which.
  CHECK(depthwise[3 * 5 + 2][0][1][2].item<float>() == conv[1][2][3][2].item<float>());
  const at::Tensor dense = at::arange(6, at::kFloat).reshape({2, 3});
  CHECK(dense_weight_from_keras(dense).equal(dense.t()));
  CHECK(dense_weight_from_keras(dense).is_contiguous());
  CHECK(contains(error_of([&] { conv_weight_from_keras(dense); }), "[2, 3]"));
}

TEST_CASE("Keras names become PyTorch's") {
  StateDict keras("model.h5");
  keras.add("block1_conv1/kernel:0", at::zeros({3, 3, 2, 4}));
  keras.add("block1_conv1/bias:0", at::zeros({4}));
  keras.add("bn/gamma", at::full({2}, 1));
  keras.add("bn/beta", at::full({2}, 2));
  keras.add("bn/moving_mean", at::full({2}, 3));
  keras.add("bn/moving_variance:0", at::full({2}, 4));
  keras.add("outer/dw/depthwise_kernel:0", at::zeros({3, 3, 2, 1}));
  keras.add("fc/kernel:0", at::zeros({8, 2}));
  CHECK(is_keras(keras));
  const StateDict torch = torch_from_keras(keras);
  CHECK((torch.at("block1_conv1.weight").sizes() == at::IntArrayRef({4, 2, 3, 3})));
  CHECK((torch.at("block1_conv1.bias").sizes() == at::IntArrayRef({4})));
  CHECK(torch.at("bn.weight")[0].item<float>() == 1);
  CHECK(torch.at("bn.bias")[0].item<float>() == 2);
  CHECK(torch.at("bn.running_mean")[0].item<float>() == 3);
  CHECK(torch.at("bn.running_var")[0].item<float>() == 4);
  CHECK((torch.at("outer.dw.weight").sizes() == at::IntArrayRef({2, 1, 3, 3})));
  CHECK((torch.at("fc.weight").sizes() == at::IntArrayRef({2, 8})));
  CHECK_FALSE(is_keras(torch));
  keras.add("lstm/recurrent_kernel:0", at::zeros({2, 2}));
  CHECK_FALSE(is_keras(keras));
  CHECK(contains(error_of([&] { torch_from_keras(keras); }), "'lstm/recurrent_kernel:0'"));
}

TEST_CASE("The names of Keras 1, as in the official VGG16 file, are read") {
  CHECK(keras_name("block1_conv1/block1_conv1_W_1:0") == "block1_conv1/kernel");
  CHECK(keras_name("block1_conv1/block1_conv1_b_1:0") == "block1_conv1/bias");
  CHECK(keras_name("block1_conv1/block1_conv1_W:0") == "block1_conv1/kernel");
  CHECK(keras_name("features.0.weight") == "features.0.weight");
  CHECK(keras_name("block1_conv1/kernel:0") == "block1_conv1/kernel");
}
