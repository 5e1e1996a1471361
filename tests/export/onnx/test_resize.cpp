// Resizing inside the graph beside resize_image, for every way of it.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <opencv2/core.hpp>

#include "base/error.h"
#include "data/image.h"
#include "export/onnx/export.h"
#include "export/pictures.h"
#include "onnx/interpret.h"
#include "scratch.h"

using namespace cvtool;

namespace {

// A graph that gives its input, [N,3,H,W].
OnnxModel passing_graph(int64_t opset) {
  OnnxModel model;
  model.opset = opset;
  model.input = {"images", OnnxType::kFloat, {-1, 3, 12, 20}};
  model.output = {"y", OnnxType::kFloat, {-1, 3, 12, 20}};
  model.nodes = {{"Identity", "y", {"images"}, {"y"}, {}}};
  return model;
}

at::Tensor as_cvtool(const at::Tensor& picture, const DataConfig& data) {
  const at::Tensor rows = picture[0].permute({1, 2, 0}).contiguous();
  const cv::Mat image(static_cast<int>(rows.size(0)), static_cast<int>(rows.size(1)), CV_8UC3, rows.data_ptr());
  const cv::Mat out = resize_image(image, data);
  return at::from_blob(out.data, {1, out.rows, out.cols, 3}, at::kByte).permute({0, 3, 1, 2}).contiguous();
}

at::Tensor noise(int64_t height, int64_t width) {
  at::manual_seed(4);
  return at::randint(256, {1, 3, height, width}, at::kByte);
}

}  // namespace

TEST_CASE("Pictures of any size become in the graph what cvtool makes of them, but for the rounding of a few bytes") {
  for (const std::string interpolation :
       {"nearest", "bilinear", "area", "bicubic", "bilinear_antialias", "bicubic_antialias"})
    for (const std::string resize : {"stretch", "crop", "pad"}) {
      CAPTURE(interpolation);
      CAPTURE(resize);
      DataConfig data;
      data.imgsz = {12, 20};
      data.resize = resize;
      data.interpolation = interpolation;
      const OnnxInterpreter graph(with_resize_inside(passing_graph(13), {{12, 20}, resize, interpolation}));
      for (const auto& size : std::vector<ImageSize>{{12, 20}, {7, 9}, {61, 33}, {40, 200}, {1, 1}, {13, 21}}) {
        CAPTURE(size.height);
        const at::Tensor picture = noise(size.height, size.width);
        const at::Tensor made = graph.run(picture.to(at::kFloat)), wanted = as_cvtool(picture, data).to(at::kFloat);
        REQUIRE(made.sizes() == wanted.sizes());
        const at::Tensor off = (made - wanted).abs();
        CHECK(off.max().item<float>() <= 1);
        CHECK(off.sum().item<float>() <= 24);  // of 720 bytes: those that lie half-way between two
        // A picture of the model's size goes through as it is, where the kernel leaves it.
        if (size.height == 12) CHECK(off.max().item<float>() == 0);
      }
    }
}

TEST_CASE("A batch is resized as its pictures are one by one, in every opset") {
  const at::Tensor two = at::cat({noise(30, 31), drawn_pictures(1, 30, 31)}).to(at::kFloat);
  for (const OnnxOpset& opset : kOnnxOpsets) {
    const OnnxInterpreter graph(
        with_resize_inside(passing_graph(opset.number), {{12, 20}, "pad", "bilinear_antialias"}));
    const at::Tensor both = graph.run(two);
    CHECK(both.size(0) == 2);
    CHECK(at::equal(both[1], graph.run(two.narrow(0, 1, 1))[0]));
  }
}

TEST_CASE("An interpolation that is not written inside a graph is refused") {
  CHECK(contains(message_of([] {
                   with_resize_inside(passing_graph(13), {{12, 20}, "stretch", "lanczos"});
                 }),
                 "'lanczos', which cannot be put inside"));
}
