// Grad-CAM through a pretrained backbone that another program made.
#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/script.h>

#include <cstdlib>
#include <opencv2/imgproc.hpp>

#include "explain/activations.h"
#include "explain/heat_map.h"

using namespace cvtool;

namespace {

constexpr int kSide = 224, kField = 8;

// Coarse noise, with a yellow and black chessboard in the upper left corner of the marked ones: [N,3,H,W] u8.
at::Tensor corner_pictures(int count, bool marked, uint64_t seed) {
  cv::RNG random(seed);
  std::vector<at::Tensor> pictures;
  for (int i = 0; i < count; ++i) {
    cv::Mat noise(10, 10, CV_8UC3), picture;
    random.fill(noise, cv::RNG::UNIFORM, 0, 160);
    cv::resize(noise, picture, {kSide, kSide}, 0, 0, cv::INTER_LINEAR);
    for (int y = 0; marked && y < kSide / 4; y += kField)
      for (int x = 0; x < kSide / 4; x += kField)
        picture(cv::Rect(x, y, kField, kField))
            .setTo((y + x) / kField % 2 ? cv::Scalar(250, 230, 40) : cv::Scalar(0, 0, 0));
    pictures.push_back(at::from_blob(picture.ptr(), {kSide, kSide, 3}, at::kByte).clone().permute({2, 0, 1}));
  }
  return at::stack(pictures);
}

// ImageNet's scaling, the backbone, global average pooling and a linear head for two classes.
torch::jit::Module classifier(const torch::jit::Module& backbone, const at::Tensor& weight) {
  torch::jit::Module model("Model");
  model.register_buffer("mean", at::tensor({123.675, 116.28, 103.53}, at::kFloat).reshape({1, 3, 1, 1}));
  model.register_buffer("deviation", at::tensor({58.395, 57.12, 57.375}, at::kFloat).reshape({1, 3, 1, 1}));
  model.register_buffer("weight", weight);
  model.register_module("base", backbone);
  model.define(
      "def logits(self, x):\n    x = (x.to(self.mean) - self.mean) / self.deviation\n    return "
      "torch.linear(torch.mean(self.base.forward(x), [2, 3]), self.weight)\n");
  model.eval();
  return model;
}

// Ridge regression of +1 and -1 on the features [N,F].
at::Tensor fitted_head(const at::Tensor& marked, const at::Tensor& plain) {
  const at::Tensor x = at::cat({marked, plain}).to(at::kDouble);
  const at::Tensor y =
      at::cat({at::ones({marked.size(0), 1}, at::kDouble), -at::ones({plain.size(0), 1}, at::kDouble)});
  const at::Tensor gram = x.matmul(x.t());
  const at::Tensor dual =
      at::linalg_solve(gram + at::eye(gram.size(0), at::kDouble) * gram.diagonal().mean() * 0.01, y);
  const at::Tensor weight = x.t().matmul(dual).t();
  return at::cat({weight, -weight}).to(at::kFloat);
}

double share_in_corner(const at::Tensor& heat) {
  const double all = heat.sum().item<double>();
  return all > 0 ? heat.narrow(0, 0, 3).narrow(1, 0, 3).sum().item<double>() / all : 0;
}

}  // namespace

TEST_SUITE_BEGIN("photos");

TEST_CASE("Heat through a frozen MobileNetV2 lies in the corner that matters, and not for the other class") {
  const char* data = std::getenv("CVTOOL_TEST_DATA");
  if (!data) {
    MESSAGE("skipped: CVTOOL_TEST_DATA is not set");
    return;
  }
  torch::jit::Module backbone = torch::jit::load(std::string(data) + "/weights/mobilenet_v2/mobilenet_v2_features.pt");
  backbone.eval();
  const at::Tensor marked = corner_pictures(24, true, 1), plain = corner_pictures(24, false, 2);
  const FlatNet features(classifier(backbone, at::eye(1280)));
  const auto vectors = [&features](const at::Tensor& pictures) {
    const at::NoGradGuard no_grad;
    return activations_of(features, pictures, {}).logits;
  };
  const FlatNet net(classifier(backbone, fitted_head(vectors(marked), vectors(plain))));
  const at::Tensor seen = corner_pictures(3, true, 99);
  const size_t layer = last_map(net, seen);
  const std::vector<int64_t> first{0, 0, 0}, second{1, 1, 1};
  const at::Tensor heat = grad_cam(net, seen, layer, first), plus = grad_cam_plus_plus(net, seen, layer, first),
                   other = grad_cam(net, seen, layer, second);
  CHECK(heat.sizes() == at::IntArrayRef({3, 7, 7}));
  for (int64_t i = 0; i < 3; ++i) {
    CHECK(share_in_corner(heat[i]) > 0.8);
    CHECK(share_in_corner(other[i]) < 0.1);
    // Grad-CAM++ takes only what speaks for the class: here it is spread wider, around the same place.
    const int64_t brightest = plus[i].flatten().argmax().item<int64_t>();
    CHECK(brightest / 7 < 3);
    CHECK(brightest % 7 < 3);
  }
}

TEST_SUITE_END();
