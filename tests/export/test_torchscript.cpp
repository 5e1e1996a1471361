#include "export/torchscript.h"

#include <doctest/doctest.h>

#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/files.h"
#include "data/image.h"
#include "export/small_model.h"
#include "scratch.h"

using namespace cvtool;

namespace {

at::Tensor tensor_from_image(const cv::Mat& image) {
  return at::from_blob(image.data, {1, image.rows, image.cols, 3}, at::kByte).permute({0, 3, 1, 2}).contiguous();
}

cv::Mat noise(int height, int width) {
  cv::Mat image(height, width, CV_8UC3);
  cv::theRNG().state = static_cast<uint64_t>(height * 1000 + width);
  cv::randu(image, 0, 256);
  return image;
}

size_t saved_bytes(const ModelFile& model) {
  const Scratch scratch;
  save_model(scratch / "m.pt", model);
  return read_file(scratch / "m.pt").size();
}

}  // namespace

TEST_CASE("A frozen model gives what the model gives and carries its labels and golden sample") {
  const ModelFile model = small_model(), frozen = frozen_for_export(model, {});
  const at::Tensor x = small_pictures(3, 20);
  CHECK(difference(forward(frozen.module, x), forward(model.module, x)) < 1e-5);
  const auto classes = frozen.module.attr("classes").toListRef();
  REQUIRE(classes.size() == 3);
  CHECK(classes[2].toStringRef() == "o\"ther");
  const at::Tensor golden = forward(frozen.module, frozen.module.attr("golden_picture").toTensor());
  CHECK(difference(golden, frozen.module.attr("golden_probabilities").toTensor()) < 1e-5);
  CHECK(frozen.module.named_parameters(true).size() == 0);
}

TEST_CASE("Weights in fewer bits: a smaller file, about the same probabilities") {
  const ModelFile model = small_model();
  const at::Tensor x = small_pictures(3, 20), expected = forward(model.module, x);
  const std::vector<std::pair<std::string, double>> bounds{{"bf16", 1e-2}, {"fp16", 1e-3}, {"int8", 2e-2}};
  for (const auto& row : bounds) {
    const std::string& precision = row.first;
    CAPTURE(precision);
    const ModelFile compact = frozen_for_export(model, {precision, false});
    const double moved = difference(forward(compact.module, x), expected);
    CHECK(moved < row.second);
    CHECK(moved > 0);
    // Both methods use the compact weights.
    torch::jit::Module module = compact.module;
    const at::Tensor logits = module.get_method("logits")({x}).toTensor();
    CHECK(difference(at::softmax(logits, 1), forward(compact.module, x)) < 1e-6);
    CHECK(saved_bytes(compact) < saved_bytes(frozen_for_export(model, {})));
  }
}

TEST_CASE("A model that resizes by itself sees the bytes that predict sees, whatever the size") {
  for (const char* resize : {"stretch", "crop", "pad"})
    for (const char* interpolation : {"nearest", "bilinear"}) {
      const ModelFile model = small_model({{"resize", resize}, {"interpolation", interpolation}});
      const ModelFile resizing = frozen_for_export(model, {"fp32", true});
      DataConfig config;
      config.imgsz = {16, 16};
      config.resize = resize;
      config.interpolation = interpolation;
      for (const auto& size :
           std::vector<std::pair<int, int>>{{16, 16}, {5, 40}, {37, 23}, {101, 64}, {1, 1}, {333, 500}}) {
        const int height = size.first, width = size.second;
        CAPTURE(resize);
        CAPTURE(interpolation);
        CAPTURE(height);
        CAPTURE(width);
        const cv::Mat image = noise(height, width), resized = resize_image(image, config);
        CHECK(difference(forward(resizing.module, tensor_from_image(image)),
                         forward(model.module, tensor_from_image(resized))) < 1e-6);
      }
    }
  CHECK(contains(message_of([] {
                   frozen_for_export(small_model({{"interpolation", "lanczos"}}), {"fp32", true});
                 }),
                 "only nearest and bilinear"));
}
