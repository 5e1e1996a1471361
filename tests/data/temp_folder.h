// A folder of photos that lives as long as a test case.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "scratch.h"

namespace cvtool {

class TempFolder : public Scratch {
 public:
  // Writes a picture of one colour that differs by `number`.
  void write_photo(const std::string& name, int number = 0, cv::Size size = {12, 9}) const;
};

// The picture as a file of the format that `extension` (".png") names.
inline std::string encoded(const cv::Mat& image, const std::string& extension) {
  std::vector<uint8_t> bytes;
  cv::imencode(extension, image, bytes);
  return {bytes.begin(), bytes.end()};
}

inline void TempFolder::write_photo(const std::string& name, int number, cv::Size size) const {
  const cv::Mat image(size, CV_8UC3, cv::Scalar(number * 7 % 256, number * 31 % 256, number * 101 % 256));
  write(name, encoded(image, std::filesystem::path(name).extension()));
}

// The folder of real photos, or "" when CVTOOL_TEST_DATA is not set.
inline std::string test_data() {
  const char* set = std::getenv("CVTOOL_TEST_DATA");
  return set ? set : "";
}

}  // namespace cvtool
