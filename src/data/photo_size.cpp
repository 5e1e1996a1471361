#include "data/photo_size.h"

#include <algorithm>
#include <opencv2/core.hpp>

#include "base/error.h"

namespace cvtool {

int64_t typical_side(const std::string& root, const std::vector<Sample>& samples, const DecodeOptions& options) {
  constexpr size_t kPhotos = 32;
  std::vector<int64_t> sides;
  const size_t step = std::max<size_t>(1, samples.size() / kPhotos);
  for (size_t i = 0; i < samples.size(); i += step) try {
      const cv::Mat photo = read_image(sample_path(root, samples[i].path), options);
      sides.push_back(std::min(photo.rows, photo.cols));
    } catch (const DataError&) {
      continue;  // a photo that is left out
    }
  if (sides.empty()) return 0;
  const auto middle = sides.begin() + static_cast<std::ptrdiff_t>(sides.size() / 2);
  std::nth_element(sides.begin(), middle, sides.end());
  return *middle;
}

}  // namespace cvtool
