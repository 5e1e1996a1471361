#include "explain/heat_map.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "engine/jobs.h"
#include "explain/activations.h"
#include "explain/nets.h"
#include "golden/golden.h"
#include "model/model_file.h"
#include "scratch.h"
#include "spec/data_config.h"

using namespace cvtool;

namespace {

constexpr int64_t kMarked = 0, kPlain = 1;  // classes by name

// Noise; a "marked" picture has a bright square in its upper left corner, and nothing else tells the two apart.
cv::Mat corner_picture(bool marked, int side, uint64_t seed) {
  cv::Mat picture(side / 4, side / 4, CV_8UC3), larger;
  cv::RNG random(seed);
  random.fill(picture, cv::RNG::UNIFORM, 0, 160);
  cv::resize(picture, larger, {side, side}, 0, 0, cv::INTER_NEAREST);
  if (marked) larger(cv::Rect(0, 0, side / 4, side / 4)).setTo(cv::Scalar(40, 230, 250));
  return larger;
}

void write_corner_set(const std::string& folder, int count, int side) {
  for (const char* split : {"train", "valid"})
    for (int i = 0; i < count; ++i)
      for (bool marked : {true, false}) {
        const std::string path = folder + "/" + split + (marked ? "/marked/" : "/plain/");
        std::filesystem::create_directories(path);
        const uint64_t seed = 1 + static_cast<uint64_t>(i) * 4 + marked * 2 + (split[0] == 'v');
        cv::imwrite(path + std::to_string(i) + ".png", corner_picture(marked, side, seed));
      }
}

class Silent : public Observer {
 public:
  void progress(const Progress&) override {}
  void epoch(const EpochReport&) override {}
  bool stop_requested() override { return false; }
};

// Trains on the corner set; returns the model, read back from its file.
ModelFile trained(const Scratch& scratch, const std::string& recipe, int count, int side) {
  write_corner_set(scratch / "set", count, side);
  scratch.write("recipe.json", recipe);
  TrainRequest request;
  request.data = scratch / "set";
  request.recipe = scratch / "recipe.json";
  request.project = scratch / "runs";
  request.run.threads = 1;
  Silent observer;
  const TrainResult result = train_job(request, observer);
  REQUIRE(result.metrics["accuracy"].get<double>() > 0.95);
  return load_model(result.run + "/best.pt");
}

at::Tensor pixels_of(const cv::Mat& bgr) {
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return at::from_blob(rgb.ptr(), {1, rgb.rows, rgb.cols, 3}, at::kByte).clone().permute({0, 3, 1, 2});
}

// Fraction of the heat in the upper left part: `part` of each side; 0 for a map without heat.
double share_in_corner(const at::Tensor& heat, double part) {
  const double all = heat.sum().item<double>();
  const auto rows = static_cast<int64_t>(std::ceil(static_cast<double>(heat.size(0)) * part)),
             columns = static_cast<int64_t>(std::ceil(static_cast<double>(heat.size(1)) * part));
  return all > 0 ? heat.narrow(0, 0, rows).narrow(1, 0, columns).sum().item<double>() / all : 0;
}

std::string convnet(const std::string& last) {
  return R"({"data": {"imgsz": 32}, "model": {"layers": [
      {"kind": "conv2d", "filters": 8, "padding": "same", "activation": "relu"}, {"kind": "max_pool2d"},
      {"kind": "conv2d", "filters": 16, "padding": "same", "activation": "relu"}, {"kind": "max_pool2d"},
      {"kind": "global_avg_pool2d"}, )" +
         last + R"(]}, "train": {"epochs": 20, "batch": 16, "lr": 0.01, "precision": "fp32"}})";
}

using Method = at::Tensor (*)(const FlatNet&, const at::Tensor&, size_t, const std::vector<int64_t>&);

}  // namespace

TEST_CASE("Heat lies in the only corner that matters, and not for the other class") {
  for (const char* last : {R"({"kind": "dense"})", R"({"kind": "dense", "units": 1, "activation": "sigmoid"})"}) {
    CAPTURE(last);
    const Scratch scratch;
    const ModelFile model = trained(scratch, convnet(last), 32, 32);
    const FlatNet net(model.module);
    const size_t layer = last_map(net, model.golden);
    CHECK(net.layers()[layer].name == "conv2d_1");
    for (uint64_t seed : {1001, 1002, 1003}) {
      const at::Tensor pixels = pixels_of(corner_picture(true, 32, seed));
      for (Method method : {grad_cam, grad_cam_plus_plus}) {
        // A quarter of each side is marked; the map sees a little beyond it.
        CHECK(share_in_corner(method(net, pixels, layer, {kMarked})[0], 0.35) > 0.5);
        CHECK(share_in_corner(method(net, pixels, layer, {kPlain})[0], 0.35) < 0.25);
      }
      const Predictor predictor(model.module, at::kCPU, at::kFloat);
      CHECK(share_in_corner(occlusion_map(predictor, pixels, kMarked, 8), 0.4) > 0.5);
      CHECK(share_in_corner(occlusion_map(predictor, pixels, kPlain, 8), 0.4) < 0.25);
    }
  }
}

TEST_CASE("Grad-CAM is its formula, worked out for a net whose gradient is known") {
  // logit k = sum of w[k,c] * mean of channel c: the gradient with respect to a map of n values is w[k,c] / n
  // everywhere.
  const Net net = net_of_layers(
      R"({"kind": "conv2d", "filters": 4, "strides": 4}, {"kind": "global_avg_pool2d"}, {"kind": "dense"})");
  const FlatNet flat(net.module);
  const at::Tensor pixels = some_pictures(3);
  const size_t layer = flat.find("conv2d");
  const at::NoGradGuard no_grad;
  const at::Tensor map = activations_of(flat, pixels, {layer}).values[0];
  const at::Tensor weight = net.module.attr("head").toModule().attr("dense").toModule().attr("weight").toTensor();
  const std::vector<int64_t> classes{0, 1, 1};
  const at::Tensor heat = grad_cam(flat, pixels, layer, classes),
                   plus = grad_cam_plus_plus(flat, pixels, layer, classes);
  const double n = static_cast<double>(map.size(2) * map.size(3));
  for (int64_t i = 0; i < 3; ++i) {
    const at::Tensor g = (weight[classes[static_cast<size_t>(i)]] / n).reshape({4, 1, 1});
    CHECK(largest_difference(heat[i], (map[i] * g).sum(0).clamp_min(0)) < 1e-4);
    const at::Tensor fraction = g * g / (2 * g * g + map[i].sum({1, 2}, true) * g * g * g);
    const at::Tensor expected = (map[i] * (fraction * g.clamp_min(0)) * n).sum(0).clamp_min(0);
    CHECK(largest_difference(plus[i], expected) < 1e-4 * (1 + expected.max().item<double>()));
  }
}

TEST_CASE("A layer without a map is refused") {
  const Net net = net_of_layers(R"({"kind": "conv2d", "filters": 4}, {"kind": "flatten"}, {"kind": "dense"})");
  const FlatNet flat(net.module);
  CHECK(contains(message_of([&] { grad_cam(flat, some_pictures(1), flat.find("flatten"), {0}); }),
                 "'flatten' gives no map"));
}

TEST_CASE("Heat lies where the net's input lies on the photo") {
  const cv::Mat photo(60, 120, CV_8UC3, cv::Scalar::all(100));
  const at::Tensor heat = at::ones({2, 2});
  DataConfig data;
  data.imgsz = {50, 50};
  const cv::Vec3b plain(100, 100, 100);
  data.resize = "stretch";
  CHECK(heat_over_photo(photo, heat, data).at<cv::Vec3b>(5, 5) != plain);
  data.resize = "crop";  // the middle 60x60
  CHECK(heat_over_photo(photo, heat, data).at<cv::Vec3b>(5, 25) == plain);
  CHECK(heat_over_photo(photo, heat, data).at<cv::Vec3b>(5, 35) != plain);
  CHECK(heat_over_photo(photo, heat, data).at<cv::Vec3b>(5, 95) == plain);
  data.resize = "pad";  // 120x120 around the photo: only the middle rows of the heat are on it
  const at::Tensor above = at::tensor({1., 0., 0., 0., 0., 0., 0., 0.}, at::kFloat).reshape({8, 1});
  CHECK(heat_over_photo(photo, above, data).at<cv::Vec3b>(30, 60) == plain);
  CHECK(heat_over_photo(photo, heat, data).size() == photo.size());
  CHECK(heat_over_photo(photo, heat, data, 60).size() == cv::Size(60, 30));
}

TEST_CASE("Tokens are looked at as the map that they were, where the last attention reads them") {
  const std::string block =
      R"({"kind": "residual", "layers": [{"kind": "layer_norm"}, {"kind": "multi_head_attention", "heads": 2}]},)";
  const Net net =
      net_of_layers(R"({"kind": "conv2d", "filters": 6, "kernel": 8, "strides": [8, 4]}, {"kind": "tokens"},)" + block +
                    block + R"({"kind": "layer_norm"}, {"kind": "class_token"}, {"kind": "dense"})");
  const FlatNet flat(reloaded(net.module));
  const at::Tensor pixels = some_pictures(2);
  const size_t layer = last_map(flat, pixels);
  CHECK(flat.layers()[layer].name == "residual_1/layer_normalization");
  const at::Tensor heat = grad_cam(flat, pixels, layer, {0, 1});
  CHECK(heat.sizes() == at::IntArrayRef({2, 4, 7}));
  CHECK(heat.max().item<double>() > 0);
  // By hand: the mean gradient of each channel over the 28 patches, times the patches.
  const Activations seen = [&] {
    const at::AutoGradMode with_gradients(true);
    return activations_of(flat, pixels, {layer}, true);
  }();
  const at::Tensor tokens = seen.values[0];
  REQUIRE(tokens.sizes() == at::IntArrayRef({2, 29, 6}));
  const at::Tensor gradient = torch::autograd::grad({seen.logits[0][0] + seen.logits[1][1]}, {tokens})[0];
  const at::Tensor weights = gradient.narrow(1, 1, 28).mean({1}, true);
  const at::Tensor expected = (tokens.narrow(1, 1, 28) * weights).sum(2).clamp_min(0).reshape({2, 4, 7}).detach();
  CHECK(largest_difference(heat, expected) < 1e-5);
  CHECK_THROWS_AS(grad_cam(flat, pixels, flat.find("class_token"), {0, 1}), UsageError);
}
