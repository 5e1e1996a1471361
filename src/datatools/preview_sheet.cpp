#include "datatools/preview_sheet.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "data/loader.h"
#include "data/parallel.h"
#include "report/drawing.h"

namespace cvtool {
namespace {

constexpr int kLabelHeight = 20, kMargin = 4;
constexpr int64_t kMostPixels = 100'000'000;
const cv::Scalar kPaper(250, 250, 250), kInk(30, 30, 30), kBad(205, 205, 205), kWarning(180, 30, 30);

std::vector<Sample> choose(const Dataset& dataset, const SheetOptions& options) {
  const auto& samples = dataset.split(options.split);
  const auto order = shuffled(samples, options.seed, 0);
  std::vector<Sample> chosen;
  if (options.per_class <= 0) {
    const auto count = std::min(order.size(), static_cast<size_t>(options.rows * options.cols));
    for (size_t i = 0; i < count; ++i) chosen.push_back(samples[order[i]]);
    return chosen;
  }
  for (size_t label = 0; label < dataset.classes.size(); ++label) {
    int64_t left = options.per_class;
    for (size_t i = 0; i < order.size() && left > 0; ++i) {
      if (samples[order[i]].label != static_cast<int64_t>(label)) continue;
      chosen.push_back(samples[order[i]]);
      --left;
    }
  }
  return chosen;
}

// The whole photo in the middle of a square of `side` pixels.
void draw_photo(cv::Mat square, const std::string& path, const DecodeOptions& options) {
  try {
    const cv::Mat photo = read_image(path, options);
    const double scale = static_cast<double>(square.rows) / std::max(photo.rows, photo.cols);
    DataConfig fitted;
    fitted.interpolation = scale < 1 ? "area" : "bilinear";
    fitted.imgsz = {std::max<int64_t>(1, std::lround(photo.rows * scale)),
                    std::max<int64_t>(1, std::lround(photo.cols * scale))};
    const cv::Mat small = resize_image(photo, fitted);
    small.copyTo(
        square(cv::Rect((square.cols - small.cols) / 2, (square.rows - small.rows) / 2, small.cols, small.rows)));
  } catch (const DataError& error) {
    square.setTo(kBad);
    draw_text(square, "unreadable", {6, square.rows / 2, square.cols - 12, 0.45}, kWarning);
  }
}

}  // namespace

cv::Mat preview_sheet(const Dataset& dataset, const SheetOptions& options) {
  if (options.rows < 1 || options.cols < 1) throw UsageError("--rows and --cols: must be at least 1");
  const std::vector<Sample> chosen = choose(dataset, options);
  if (chosen.empty()) throw DataError("the " + options.split + " split holds no photos; choose another one");
  const int64_t cols = std::min<int64_t>(options.cols, static_cast<int64_t>(chosen.size()));
  const int64_t rows = (static_cast<int64_t>(chosen.size()) + cols - 1) / cols;
  const int64_t cell_width = options.photo_px + 2 * kMargin;
  const int64_t cell_height = options.photo_px + kLabelHeight + 2 * kMargin;
  if (rows * cell_height > kMostPixels / (cols * cell_width))
    throw UsageError("a sheet of " + std::to_string(rows) + " rows and " + std::to_string(cols) +
                     " columns is too large; ask for fewer");
  cv::Mat sheet(static_cast<int>(rows * cell_height), static_cast<int>(cols * cell_width), CV_8UC3, kPaper);
  for_each_parallel(
      chosen.size(), options.workers,
      [&](size_t i) {
        const int left = static_cast<int>(static_cast<int64_t>(i) % cols * cell_width) + kMargin;
        const int top = static_cast<int>(static_cast<int64_t>(i) / cols * cell_height) + kMargin;
        const int side = static_cast<int>(options.photo_px);
        draw_photo(sheet(cv::Rect(left, top, side, side)), sample_path(dataset.root, chosen[i].path), options.decode);
        cv::Mat label = sheet(cv::Rect(left, top + side, side, kLabelHeight));
        draw_text(label, dataset.classes[static_cast<size_t>(chosen[i].label)], {2, 14, side - 4, 0.42}, kInk);
      },
      options.progress);
  return sheet;
}

}  // namespace cvtool
