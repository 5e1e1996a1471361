#include "evaluate/mistakes.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "base/error.h"

namespace cvtool {

std::vector<Mistake> confident_mistakes(const Outputs& outputs, const std::vector<int64_t>& predicted, size_t count) {
  const Predictions& p = outputs.predictions;
  std::vector<std::pair<double, size_t>> wrong;
  for (size_t row = 0; row < predicted.size(); ++row)
    if (predicted[row] != p.labels[row])
      wrong.emplace_back(-p.probability(static_cast<int64_t>(row), predicted[row]), row);
  const size_t shown = std::min(count, wrong.size());
  std::partial_sort(wrong.begin(), wrong.begin() + static_cast<std::ptrdiff_t>(shown), wrong.end());
  std::vector<Mistake> mistakes;
  for (size_t i = 0; i < shown; ++i) {
    const size_t row = wrong[i].second;
    mistakes.push_back({outputs.paths[row], p.labels[row], predicted[row], -wrong[i].first});
  }
  return mistakes;
}

cv::Mat thumbnail(const std::string& path, const DecodeOptions& decode, int side_px) {
  cv::Mat photo;
  try {
    photo = read_image(path, decode);
  } catch (const Error&) {
    return {};
  } catch (const cv::Exception&) {
    return {};
  }
  const double scale = static_cast<double>(side_px) / std::max(photo.cols, photo.rows);
  if (scale < 1)
    cv::resize(photo, photo, {std::max(1, cvRound(photo.cols * scale)), std::max(1, cvRound(photo.rows * scale))}, 0, 0,
               cv::INTER_AREA);
  return photo;
}

}  // namespace cvtool
