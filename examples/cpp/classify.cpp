// Photos named by a C++ program with the header that cvtool writes. Needs LibTorch, and OpenCV to read photos.
//
//   cvtool export --format header --with-resize -o classifier.h        # classifier.h, classifier.cpp, classifier.pt
//   c++ -std=c++17 classify.cpp classifier.cpp -o classify -I. -I.../libtorch/include ... -ltorch -ltorch_cpu -lc10 \
//       $(pkg-config --cflags opencv4) -lopencv_core -lopencv_imgproc -lopencv_imgcodecs
//   ./classify photo.jpg ...
#include <cstdio>
#include <exception>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "classifier.h"

namespace {

// Prints a line with the class and its probability. Returns false for a file that is no photo.
bool name_photo(const classifier::Classifier& model, const char* path) {
  cv::Mat photo = cv::imread(path, cv::IMREAD_COLOR);  // turned as EXIF says, as cvtool does
  if (photo.empty()) {
    std::fprintf(stderr, "%s: cannot be read as a photo\n", path);
    return false;
  }
  cv::cvtColor(photo, photo, cv::COLOR_BGR2RGB);  // continuous: row by row, as classify() takes it
  const classifier::Result result = model.classify(photo.data, photo.rows, photo.cols);
  const auto label = static_cast<size_t>(result.label);
  std::printf("%s: %s %.4f\n", path, classifier::kLabels[label], result.probabilities[label]);
  return true;
}

}  // namespace

int main(int argc, char** argv) try {
  const classifier::Classifier model("classifier.pt");
  bool good = true;
  for (int i = 1; i < argc; ++i) good = name_photo(model, argv[i]) && good;
  return good ? 0 : 4;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
