// Photos named by a C++ program with ONNX Runtime. Needs it, and OpenCV to read photos.
//
//   cvtool export --format onnx -o classifier.onnx
//   c++ -std=c++17 classify.cpp -o classify -I.../onnxruntime/include -lonnxruntime \
//       $(pkg-config --cflags opencv4) -lopencv_core -lopencv_imgproc -lopencv_imgcodecs
//   ./classify classifier.onnx photo.jpg ...
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cstdio>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace {

// Pixels as the model takes them: [3,height,width], RGB, 0..255. It scales them itself. OpenCV resizes a little unlike
// cvtool: probabilities differ in the third decimal.
std::vector<float> pixels_of(const char* path, int height, int width) {
  cv::Mat photo = cv::imread(path, cv::IMREAD_COLOR);
  if (photo.empty()) throw std::runtime_error(std::string(path) + ": cannot be read as a photo");
  cv::resize(photo, photo, {width, height}, 0, 0, cv::INTER_LINEAR);
  std::vector<float> pixels;
  for (const int channel : {2, 1, 0})  // OpenCV has blue first
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) pixels.push_back(photo.at<cv::Vec3b>(y, x)[channel]);
  return pixels;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) throw std::runtime_error("usage: classify MODEL.onnx PHOTO...");
  const Ort::Env env;
  Ort::Session session(env, argv[1], Ort::SessionOptions());
  Ort::AllocatorWithDefaultOptions allocator;
  const auto classes = session.GetModelMetadata().LookupCustomMetadataMapAllocated("classes", allocator);
  std::printf("%s\n", classes.get());  // a list in JSON, in the order of the probabilities
  std::vector<int64_t> shape = session.GetInputTypeInfo(0).GetTensorTypeAndShapeInfo().GetShape();
  shape[0] = 1;  // a batch of any size
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const char *input = "images", *output = "probabilities";
  for (int i = 2; i < argc; ++i) {
    std::vector<float> pixels = pixels_of(argv[i], static_cast<int>(shape[2]), static_cast<int>(shape[3]));
    const auto images =
        Ort::Value::CreateTensor<float>(memory, pixels.data(), pixels.size(), shape.data(), shape.size());
    const auto found = session.Run(Ort::RunOptions(), &input, &images, 1, &output, 1);
    const float* p = found[0].GetTensorData<float>();
    const float* best = std::max_element(p, p + found[0].GetTensorTypeAndShapeInfo().GetElementCount());
    std::printf("%s: class %d, %.4f\n", argv[i], static_cast<int>(best - p), *best);
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
