// CPU and CUDA side by side. ctest runs these as a test of their own, which is reported as skipped without a
// GPU.
#include <doctest/doctest.h>

#include <cmath>

#include "augment/augment.h"
#include "base/error.h"
#include "golden/golden.h"
#include "model/compile.h"
#include "model/predictor.h"
#include "scratch.h"
#include "torch/device.h"
#include "train/losses.h"
#include "train/optimizer.h"

using namespace cvtool;

namespace {

bool gpu_is_missing() {
  if (at::hasCUDA()) return false;
  MESSAGE("skipped: LibTorch finds no CUDA device");
  return true;
}

Net small_net() {
  const Json spec = json_from_text(R"({"layers": [
      {"kind": "conv2d", "filters": 16, "padding": "same", "strides": 2, "activation": "relu"}, {"kind": "batch_norm"},
      {"kind": "depthwise_conv2d", "padding": "same"}, {"kind": "avg_pool2d", "padding": "same"}, {"kind": "max_pool2d"},
      {"kind": "flatten"}, {"kind": "dense", "units": 8, "activation": "gelu"}, {"kind": "dense"}]})",
                                   "test");
  return compile_net(spec, {{32, 32}, 3, 42});
}

at::Tensor pictures(int64_t count) {
  at::manual_seed(11);
  return at::randint(256, {count, 3, 32, 32}, at::kByte);
}

// Loss before each of ten steps on one batch, in float32.
std::vector<double> losses_of_training(at::Device device) {
  Net net = small_net();
  net.module.to(device);
  use_channels_last(net.module);
  net.module.train();
  std::vector<at::Tensor> parameters;
  for (const at::Tensor& parameter : net.module.parameters())
    if (parameter.requires_grad()) parameters.push_back(parameter);
  Optimizer optimizer(TrainConfig{}, {{parameters}});
  const at::Tensor x = pictures(12).to(device), labels = at::arange(12).remainder(3).to(device);
  std::vector<double> losses;
  for (int step = 0; step < 10; ++step) {
    const at::Tensor loss =
        loss_from_logits("sparse_categorical_crossentropy", net.module.get_method("logits")({x}).toTensor(), labels);
    losses.push_back(loss.item<double>());
    loss.backward();
    optimizer.step(1e-3);
  }
  return losses;
}

}  // namespace

TEST_SUITE_BEGIN("cuda");

TEST_CASE("CPU and CUDA give the same probabilities") {
  if (gpu_is_missing()) return;
  const Net net = small_net();
  const Predictor cpu(net.module, at::kCPU, at::kFloat), cuda(net.module, device_from_text("cuda"), at::kFloat);
  const at::Tensor x = pictures(64);
  // cuDNN may multiply in TF32, whose mantissa has 10 bits.
  CHECK(largest_difference(cpu.run(x).probabilities, cuda.run(x).probabilities) < 2e-3);
  const Predictor half(net.module, device_from_text("cuda"), at::kBFloat16);
  CHECK(largest_difference(cpu.run(x).probabilities, half.run(x).probabilities) < 3e-2);
}

TEST_CASE("CPU and CUDA train alike") {
  if (gpu_is_missing()) return;
  const std::vector<double> cpu = losses_of_training(at::kCPU), cuda = losses_of_training(device_from_text("cuda"));
  CHECK(cpu.back() < cpu.front());
  for (size_t i = 0; i < cpu.size(); ++i) CHECK(cuda[i] == doctest::Approx(cpu[i]).epsilon(1e-2));
}

TEST_CASE("CPU and CUDA augment alike") {
  if (gpu_is_missing()) return;
  AugmentRows rows{pictures(16), at::arange(16).remainder(3), {}};
  for (uint64_t id = 0; id < 16; ++id) rows.ids.push_back(id);
  const Augmenter augmenter(
      parse_augment_text("flip,rotation=0.2,zoom,translation,contrast,saturation,hue,noise,blur,erasing,mixup,cutmix"),
      7, 3);
  const AugmentedBatch cpu = augmenter.apply(rows, 1);
  rows.pixels = rows.pixels.to(device_from_text("cuda"));
  rows.labels = rows.labels.to(device_from_text("cuda"));
  const AugmentedBatch cuda = augmenter.apply(rows, 1);
  CHECK(largest_difference(cpu.pixels, cuda.pixels.cpu()) < 0.5);
  CHECK(largest_difference(cpu.labels, cuda.labels.cpu()) < 1e-5);
}

TEST_CASE("A GPU that is not there is refused by number") {
  if (gpu_is_missing()) return;
  CHECK_THROWS_AS(device_from_text("cuda:99"), UsageError);
  CHECK(device_from_text("cuda:0").is_cuda());
}

TEST_SUITE_END();

TEST_CASE("Devices and precisions are named by word, and a wrong word is refused with the nearest") {
  CHECK((device_from_text("cpu") == at::Device(at::kCPU)));
  CHECK(contains(message_of([] { device_from_text("gpu"); }), "--device: unknown device 'gpu'"));
  CHECK(contains(message_of([] { device_from_text("cuad"); }), "did you mean 'cuda'?"));
  for (const char* bad : {"cuda:", "cuda:x", "cuda:-1", "cuda:0:1", ""})
    CHECK_THROWS_AS(device_from_text(bad), UsageError);
  std::string why;
  CHECK((precision_from_text("fp32", at::kCPU, why) == at::kFloat));
  CHECK((precision_from_text("bf16", at::kCPU, why) == at::kBFloat16));
  CHECK((precision_from_text("auto", at::kCPU, why) == at::kBFloat16) == cpu_has_native_bfloat16());
  CHECK_FALSE(why.empty());
  CHECK_THROWS_AS(precision_from_text("fp8", at::kCPU, why), UsageError);
  if (!at::hasCUDA())
    for (const char* words : {"--device cuda: this LibTorch (", ") finds no CUDA device: ", "--device cpu"})
      CHECK(contains(message_of([] { device_from_text("cuda"); }), words));
}
