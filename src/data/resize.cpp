#include <algorithm>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/text.h"
#include "data/image.h"
#include "data/interpolation.h"

namespace cvtool {
namespace {

// A reduced JPEG keeps at least this many pixels for each one of the target, so that the kernel still
// decides.
constexpr double kMinOversampling = 1.5;

// Keras's crop_to_aspect_ratio and pad_to_aspect_ratio: sizes are truncated, the middle is rounded down.
int to_aspect(int other, int wanted, int other_wanted) {
  const float size = static_cast<float>(other) * static_cast<float>(wanted) / static_cast<float>(other_wanted);
  return std::max(1, static_cast<int>(std::min(size, 1e9f)));
}

SourceAxis axis_of(int size, int target, int fitted, const std::string& resize) {
  if (resize == "crop") {
    const int length = std::min(size, fitted);
    return {size, (size - length) / 2, length, target};
  }
  if (resize == "pad") {
    const int length = std::max(size, fitted);
    return {size, -((length - size) / 2), length, target};
  }
  return {size, 0, size, target};
}

bool averages(const std::string& interpolation) {
  return interpolation == "area" || ends_with(interpolation, "_antialias");
}

}  // namespace

cv::Mat resize_image(const cv::Mat& image, const DataConfig& config) {
  if (image.empty() || (image.channels() != 3 && image.channels() != 1) ||
      (image.depth() != CV_8U && image.depth() != CV_16U))
    throw Error("resize_image: needs a picture of 1 or 3 channels of 8 or 16 bits");
  const int height = static_cast<int>(config.imgsz.height), width = static_cast<int>(config.imgsz.width);
  if (height < 1 || width < 1) throw UsageError("imgsz: must be at least 1, not " + image_size_text(config.imgsz));
  const std::vector<std::string> fits{"stretch", "crop", "pad"};
  if (std::find(fits.begin(), fits.end(), config.resize) == fits.end())
    throw UsageError("resize: " + unknown_word("value", config.resize, fits));
  const SourceAxis vertical = axis_of(image.rows, height, to_aspect(image.cols, height, width), config.resize);
  const SourceAxis horizontal = axis_of(image.cols, width, to_aspect(image.rows, width, height), config.resize);
  cv::Mat out(height, width, image.type());
  resample(image, vertical, horizontal, config.interpolation, out);
  return out;
}

int jpeg_reduction(const ImageSize& size, const DataConfig& config) {
  if (!averages(config.interpolation)) return 1;
  const double vertical = static_cast<double>(size.height) / static_cast<double>(config.imgsz.height);
  const double horizontal = static_cast<double>(size.width) / static_cast<double>(config.imgsz.width);
  const double scale = config.resize == "pad" ? std::max(vertical, horizontal) : std::min(vertical, horizontal);
  for (const int reduction : {8, 4, 2})
    if (scale >= reduction * kMinOversampling) return reduction;
  return 1;
}

}  // namespace cvtool
