#include "explain/extraction.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/layer.h"

namespace cvtool {
namespace {

// One layer of the table, for a picture of one channel.
torch::jit::Module layer(const Json& spec, const at::Tensor& input, const std::string& place) {
  LayerContext context;
  context.unit = std::make_shared<torch::jit::CompilationUnit>();
  context.input = {1, input.size(2), input.size(3)};
  context.place = place;
  for (const LayerKind& kind : layer_kinds())
    if (spec["kind"] == kind.name) {
      BuiltLayer built = kind.build(spec, context);
      built.module.eval();
      return built.module;
    }
  throw Error("no layer kind " + spec["kind"].dump());
}

// The message of a model's layer speaks of --imgsz, which is not what helps here.
void check_fits(const at::Tensor& input, int64_t rows, int64_t columns, const std::string& what) {
  if (input.size(2) >= rows && input.size(3) >= columns) return;
  throw UsageError(what + " of " + std::to_string(rows) + "x" + std::to_string(columns) +
                   " does not fit the picture of " + std::to_string(input.size(2)) + "x" +
                   std::to_string(input.size(3)) + "; use a larger picture or padding same");
}

at::Tensor plane(const at::Tensor& map) { return map.reshape({map.size(2), map.size(3)}).contiguous(); }

}  // namespace

at::Tensor grey_from_image(const cv::Mat& rgb) {
  at::Tensor grey = at::empty({rgb.rows, rgb.cols}, at::kFloat);
  auto* out = grey.data_ptr<float>();
  for (int y = 0; y < rgb.rows; ++y)
    for (int x = 0; x < rgb.cols; ++x) {
      const auto& pixel = rgb.at<cv::Vec3b>(y, x);
      *out++ = static_cast<float>((299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2]) / 255000.0);
    }
  return grey;
}

Extraction extract_feature(const at::Tensor& grey, const Kernel& kernel, const ExtractionOptions& options) {
  const at::NoGradGuard no_grad;
  const auto rows = static_cast<int64_t>(kernel.rows), columns = static_cast<int64_t>(kernel.columns);
  const at::Tensor x = grey.reshape({1, 1, grey.size(0), grey.size(1)});
  if (options.padding == "valid") check_fits(x, rows, columns, "--kernel: the kernel");
  torch::jit::Module convolution = layer({{"kind", "conv2d"},
                                          {"filters", 1},
                                          {"kernel", {rows, columns}},
                                          {"strides", options.stride},
                                          {"padding", options.padding},
                                          {"bias", false}},
                                         x, "--kernel: ");
  convolution.attr("weight").toTensor().copy_(at::tensor(kernel.values, at::kDouble).reshape({1, 1, rows, columns}));
  const at::Tensor filtered = convolution.forward({x}).toTensor();
  torch::jit::Module activation =
      layer({{"kind", "activation"}, {"function", options.activation}}, filtered, "--activation: ");
  const at::Tensor detected = activation.forward({filtered}).toTensor();
  if (options.pool_padding == "valid")
    check_fits(detected, options.pool_size, options.pool_size, "--pool-size: the window");
  torch::jit::Module pool = layer({{"kind", "max_pool2d"},
                                   {"kernel", options.pool_size},
                                   {"strides", options.pool_stride},
                                   {"padding", options.pool_padding}},
                                  detected, "--pool-size: ");
  return {grey, plane(filtered), plane(detected), plane(pool.forward({detected}).toTensor())};
}

}  // namespace cvtool
