#include "explain/extraction.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "explain/feature_sheet.h"
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

constexpr double kSide = 280, kGap = 20, kTop = 58, kPanelTitlePx = 18, kNamePx = 16, kLinePx = 13;
constexpr int kFiner = 2;

struct Panel {
  std::string name, line;
  at::Tensor plane;
  ValueRange range;
  double gamma = 1;
};

Panel panel(const std::string& name, const at::Tensor& plane, double gamma = 1) {
  const ValueRange range = range_of(plane);
  return {name, size_text(plane) + ", black " + significant(range.low, 4) + ", white " + significant(range.high, 4),
          plane, range, gamma};
}

void draw_names(Canvas& canvas, double left, const std::string& name, const std::string& line) {
  canvas.text(canvas.fitted(name, kNamePx, kSide), {left, kTop}, {kNamePx});
  canvas.text(canvas.fitted(line, kLinePx, kSide), {left, kTop + 22}, {kLinePx, kMutedText});
}

// The largest box of the aspect inside a panel's square, at its middle.
cv::Rect2d box_in(double left, double rows, double columns) {
  const double scale = kSide / std::max(rows, columns);
  const double wide = std::max(1.0, columns * scale), high = std::max(1.0, rows * scale);
  return {left + (kSide - wide) / 2, kTop + 40 + (kSide - high) / 2, wide, high};
}

void draw_panel(Canvas& canvas, double left, const Panel& panel) {
  draw_names(canvas, left, panel.name, panel.line);
  const cv::Rect2d box =
      box_in(left, static_cast<double>(panel.plane.size(0)), static_cast<double>(panel.plane.size(1)));
  canvas.picture(enlarged(grey_picture(panel.plane, panel.range, panel.gamma), static_cast<int>(kSide) * kFiner), box);
  canvas.frame(box, kFrame);
}

void draw_kernel(Canvas& canvas, const Kernel& kernel) {
  draw_names(canvas, kGap, "Kernel: " + kernel.name,
             std::to_string(kernel.rows) + "x" + std::to_string(kernel.columns));
  const cv::Rect2d box = box_in(kGap, static_cast<double>(kernel.rows), static_cast<double>(kernel.columns));
  const double cell = box.width / static_cast<double>(kernel.columns);
  double strongest = 0;
  for (double value : kernel.values) strongest = std::max(strongest, std::abs(value));
  const at::Tensor plane = at::tensor(kernel.values, at::kDouble)
                               .reshape({static_cast<int64_t>(kernel.rows), static_cast<int64_t>(kernel.columns)});
  canvas.picture(enlarged(signed_picture(plane, strongest * 1.6), static_cast<int>(kSide) * kFiner), box);
  for (size_t i = 0; i < kernel.values.size(); ++i) {
    const double x = static_cast<double>(i % kernel.columns), y = static_cast<double>(i / kernel.columns);
    const cv::Rect2d place(box.x + x * cell, box.y + y * cell, cell, cell);
    canvas.frame(place, kFrame);
    const std::string text = significant(kernel.values[i], 4);
    double size = std::min(20.0, cell * 0.5);
    while (size > 6 && canvas.text_width(text, size) > cell - 4) size -= 1;
    if (canvas.text_width(text, size) <= cell)
      canvas.text(text, {place.x + cell / 2, place.y + cell / 2}, {size, kText, Align::kCentre});
  }
}

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

std::unique_ptr<Canvas> extraction_picture(const std::string& title, const Extraction& extraction, const Kernel& kernel,
                                           const ExtractionOptions& options) {
  Panel input = panel("Input", extraction.input);
  input.range = {0, 1};
  input.line = size_text(extraction.input) + ", black 0, white 1";
  const std::vector<Panel> panels{
      input, panel("Filter", extraction.filtered),
      panel("Detect: " + options.activation, extraction.detected, options.gamma),
      panel("Condense: max pooling " + std::to_string(options.pool_size) + "x" + std::to_string(options.pool_size),
            extraction.condensed, options.gamma)};
  const double wide = kGap + (kSide + kGap) * static_cast<double>(panels.size() + 1);
  auto canvas = std::make_unique<Canvas>(static_cast<int>(wide), static_cast<int>(kTop + 40 + kSide + kGap), kFiner);
  canvas->text(canvas->fitted(title, kPanelTitlePx, wide - 2 * kGap), {kGap, 26}, {kPanelTitlePx});
  draw_kernel(*canvas, kernel);
  for (size_t i = 0; i < panels.size(); ++i)
    draw_panel(*canvas, kGap + (kSide + kGap) * static_cast<double>(i + 1), panels[i]);
  return canvas;
}

}  // namespace cvtool
