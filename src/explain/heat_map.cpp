#include "explain/heat_map.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "explain/activations.h"
#include "explain/feature_sheet.h"
#include "explain/token_map.h"

namespace cvtool {
namespace {

constexpr size_t kBatch = 32;  // occluded pictures a step

// Each picture's logit of its class, [N].
at::Tensor scores(const at::Tensor& logits, const std::vector<int64_t>& classes) {
  const at::Tensor chosen = at::tensor(classes, at::kLong).to(logits.device());
  if (logits.size(1) == 1) return logits.select(1, 0) * (chosen * 2 - 1).to(logits.scalar_type());
  return logits.gather(1, chosen.unsqueeze(1)).select(1, 0);
}

struct Seen {
  at::Tensor map, gradient;  // [N,C,h,w]
};

Seen look(const FlatNet& net, const at::Tensor& pixels, size_t layer, const std::vector<int64_t>& classes) {
  const at::AutoGradMode with_gradients(true);
  const Activations seen = activations_of(net, pixels, {layer}, true);
  const at::Tensor& map = seen.values[0];
  const auto grid = map.dim() == 3 ? token_grid(all_values(net, pixels), layer) : std::nullopt;
  if (map.dim() != 4 && !grid)
    throw UsageError("--layer: '" + net.layers()[layer].name +
                     "' gives no map; name a layer before the flatten or global pooling layer");
  const auto gradients = torch::autograd::grad({scores(seen.logits, classes).sum()}, {map}, {}, /*retain_graph=*/false,
                                               /*create_graph=*/false, /*allow_unused=*/true);
  // A map that the logits do not depend on has no gradient.
  const at::Tensor gradient = gradients[0].defined() ? gradients[0] : at::zeros_like(map);
  if (grid) return {map_of_tokens(map.detach(), *grid), map_of_tokens(gradient, *grid)};
  return {map.detach(), gradient};
}

at::Tensor weighted(const at::Tensor& map, const at::Tensor& weights) {
  return (map * weights).sum(1).clamp_min(0).to(at::kCPU, at::kFloat).contiguous();
}

// First pixels of the squares along a side: half a square apart, the last one at the end.
std::vector<int64_t> places(int64_t side, int64_t patch) {
  std::vector<int64_t> starts;
  for (int64_t at = 0; at + patch < side; at += std::max<int64_t>(1, patch / 2)) starts.push_back(at);
  starts.push_back(std::max<int64_t>(0, side - patch));
  return starts;
}

struct Square {
  int64_t y, x;
};

constexpr double kStrongest = 0.6;  // fraction of the heat's colour at its largest value

// Where the net's input lies on a photo of this size: the whole of it, a box within it (crop) or around it (pad).
cv::Rect2d input_on_photo(const cv::Size& photo, const DataConfig& data) {
  if (data.resize == "stretch") return {0, 0, double(photo.width), double(photo.height)};
  const double across = photo.width / static_cast<double>(data.imgsz.width),
               down = photo.height / static_cast<double>(data.imgsz.height);
  const double scale = data.resize == "crop" ? std::min(across, down) : std::max(across, down);
  const double wide = scale * static_cast<double>(data.imgsz.width),
               high = scale * static_cast<double>(data.imgsz.height);
  return {(photo.width - wide) / 2, (photo.height - high) / 2, wide, high};
}

// Shares 0..1 of the heat's largest value for each pixel of the photo.
cv::Mat shares_on_photo(const at::Tensor& heat, const cv::Size& photo, const DataConfig& data) {
  const double largest = heat.max().item<double>();
  cv::Mat fractions = plane_from_tensor(heat), smooth(photo, CV_32F, cv::Scalar(0));
  if (largest > 0) fractions /= largest;
  const cv::Rect2d input = input_on_photo(photo, data);
  const cv::Rect box(static_cast<int>(std::lround(input.x)), static_cast<int>(std::lround(input.y)),
                     std::max(1, static_cast<int>(std::lround(input.width))),
                     std::max(1, static_cast<int>(std::lround(input.height))));
  cv::resize(fractions, fractions, box.size(), 0, 0, cv::INTER_LINEAR);
  const cv::Rect common = box & cv::Rect({}, photo);
  if (!common.empty()) fractions(common - box.tl()).copyTo(smooth(common));
  return smooth;
}

}  // namespace

at::Tensor grad_cam(const FlatNet& net, const at::Tensor& pixels, size_t layer, const std::vector<int64_t>& classes) {
  const Seen seen = look(net, pixels, layer, classes);
  return weighted(seen.map, seen.gradient.mean({2, 3}, true));
}

at::Tensor grad_cam_plus_plus(const FlatNet& net, const at::Tensor& pixels, size_t layer,
                              const std::vector<int64_t>& classes) {
  const Seen seen = look(net, pixels, layer, classes);
  const at::Tensor& g = seen.gradient;
  const at::Tensor square = g * g, below = 2 * square + seen.map.sum({2, 3}, true) * square * g;
  const at::Tensor fraction = at::where(below != 0, square / below, at::zeros_like(below));
  return weighted(seen.map, (fraction * g.clamp_min(0)).sum({2, 3}, true));
}

at::Tensor occlusion_map(const Predictor& predictor, const at::Tensor& pixels, int64_t class_index, int64_t patch_px) {
  const at::Tensor picture = pixels.to(at::kFloat);
  const int64_t height = picture.size(2), width = picture.size(3);
  const int64_t high = std::min(patch_px, height), wide = std::min(patch_px, width);
  const at::Tensor colour = picture.mean({2, 3}, true);
  const auto probability = [&](const at::Tensor& batch) {
    return predictor.run(batch).probabilities.select(1, class_index);
  };
  const double whole = probability(picture)[0].item<double>();
  std::vector<Square> squares;
  for (int64_t y : places(height, high))
    for (int64_t x : places(width, wide)) squares.push_back({y, x});
  at::Tensor sum = at::zeros({height, width}), count = at::zeros({height, width});
  for (size_t begin = 0; begin < squares.size(); begin += kBatch) {
    const size_t end = std::min(squares.size(), begin + kBatch);
    const at::Tensor batch = picture.repeat({static_cast<int64_t>(end - begin), 1, 1, 1});
    for (size_t i = begin; i < end; ++i)
      batch[static_cast<int64_t>(i - begin)]
          .narrow(1, squares[i].y, high)
          .narrow(2, squares[i].x, wide)
          .copy_(colour[0]);
    const at::Tensor p = probability(batch);
    for (size_t i = begin; i < end; ++i) {
      const double fall = whole - p[static_cast<int64_t>(i - begin)].item<double>();
      sum.narrow(0, squares[i].y, high).narrow(1, squares[i].x, wide).add_(fall);
      count.narrow(0, squares[i].y, high).narrow(1, squares[i].x, wide).add_(1);
    }
  }
  return (sum / count).clamp_min(0);
}

cv::Mat heat_over_photo(const cv::Mat& photo, const at::Tensor& heat, const DataConfig& data, int side_px) {
  cv::Mat out = photo.clone();
  const double reduce = side_px / static_cast<double>(std::max(photo.rows, photo.cols));
  if (reduce < 1) cv::resize(photo, out, {}, reduce, reduce, cv::INTER_AREA);
  const cv::Mat fractions = shares_on_photo(heat, out.size(), data);
  cv::Mat bytes, colours;
  fractions.convertTo(bytes, CV_8U, 255);
  cv::applyColorMap(bytes, colours, cv::COLORMAP_TURBO);
  for (int y = 0; y < out.rows; ++y)
    for (int x = 0; x < out.cols; ++x) {
      auto& pixel = out.at<cv::Vec3b>(y, x);
      const auto& bgr = colours.at<cv::Vec3b>(y, x);
      const double fraction = kStrongest * std::sqrt(static_cast<double>(fractions.at<float>(y, x)));
      for (int c = 0; c < 3; ++c)
        pixel[c] = cv::saturate_cast<uchar>(pixel[c] * (1 - fraction) + bgr[2 - c] * fraction);
    }
  return out;
}

}  // namespace cvtool
