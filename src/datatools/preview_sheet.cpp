#include "datatools/preview_sheet.h"

#include <algorithm>

#include "base/error.h"
#include "base/parallel.h"
#include "data/loader.h"
#include "report/sheet.h"

namespace cvtool {
namespace {

constexpr int kLabelHeight = 20, kMargin = 4;
constexpr int64_t kMaxPixels = 100'000'000;
constexpr Ink kWarning{180, 30, 30};

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

// A photo with its label; one that cannot be read is a square that says so.
cv::Mat draw_cell(const std::string& path, const std::string& label, const SheetOptions& options) {
  const auto side = static_cast<double>(options.photo_px);
  Canvas cell(static_cast<int>(options.photo_px + 2 * kMargin),
              static_cast<int>(options.photo_px + 2 * kMargin + kLabelHeight), 1);
  SheetPicture picture;
  picture.caption = {label};
  try {
    picture.rgb = read_image(path, options.decode);
  } catch (const DataError&) {
  }
  draw_tile(cell, {kMargin, kMargin}, picture, side);
  if (picture.rgb.empty())
    cell.text(cell.fitted("unreadable", 14, side), {kMargin + side / 2, kMargin + side / 2},
              {14, kWarning, Align::kCentre});
  return cell.pixels();
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
  if (rows * cell_height > kMaxPixels / (cols * cell_width))
    throw UsageError("a sheet of " + std::to_string(rows) + " rows and " + std::to_string(cols) +
                     " columns is too large; ask for fewer");
  cv::Mat sheet(static_cast<int>(rows * cell_height), static_cast<int>(cols * cell_width), CV_8UC3,
                cv::Scalar::all(255));
  for_each_parallel(
      chosen.size(), options.workers,
      [&](size_t i) {
        const cv::Mat cell = draw_cell(sample_path(dataset.root, chosen[i].path),
                                       dataset.classes[static_cast<size_t>(chosen[i].label)], options);
        const auto row = static_cast<int64_t>(i) / cols, col = static_cast<int64_t>(i) % cols;
        cell.copyTo(
            sheet(cv::Rect({static_cast<int>(col * cell_width), static_cast<int>(row * cell_height)}, cell.size())));
      },
      options.progress);
  return sheet;
}

}  // namespace cvtool
