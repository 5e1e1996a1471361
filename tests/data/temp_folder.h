// A folder of files that lives as long as a test case.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

namespace cvtool {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "cvtool-test-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  // Writes a file, making its folders.
  void write(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path file = path_ + "/" + name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
  }

  // Writes a picture of one colour that differs by `number`.
  void write_photo(const std::string& name, int number = 0, cv::Size size = {12, 9}) const;

 private:
  std::string path_;
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
