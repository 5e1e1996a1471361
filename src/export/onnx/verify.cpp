#include "export/onnx/verify.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <opencv2/core/utility.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

#include "base/error.h"
#include "base/refusal.h"
#include "onnx/interpret.h"
#include "onnx/onnx_seal.h"

namespace cvtool {
namespace {

// OpenCV with all its threads, and silent: it prints what it cannot read; the exception says it too.
class QuietOpenCv {
 public:
  QuietOpenCv()
      : before_(cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT)), threads_(cv::getNumThreads()) {
    cv::setNumThreads(-1);
  }
  ~QuietOpenCv() {
    cv::setNumThreads(threads_);
    cv::utils::logging::setLogLevel(before_);
  }
  QuietOpenCv(const QuietOpenCv&) = delete;
  QuietOpenCv& operator=(const QuietOpenCv&) = delete;

 private:
  cv::utils::logging::LogLevel before_;
  int threads_;
};

at::Tensor tensor_from_blob(const cv::Mat& blob) {
  std::vector<int64_t> shape;
  for (int d = 0; d < blob.dims; ++d) shape.push_back(blob.size[d]);
  at::Tensor out = at::empty(shape, at::kFloat);
  std::memcpy(out.data_ptr(), blob.ptr(), out.nbytes());
  return out;
}

// The twin of a model in OpenCV, for one size of batch.
class OpenCvNet {
 public:
  OpenCvNet(const OnnxModel& model, int64_t batch) : input_(model.input.name), output_(model.output.name) {
    const std::string bytes = onnx_bytes(opencv_twin(model, batch));
    net_ = cv::dnn::readNetFromONNX(bytes.data(), bytes.size());
  }

  at::Tensor run(const at::Tensor& images) {
    const at::Tensor x = images.contiguous();
    std::vector<int> shape;
    for (const int64_t size : x.sizes()) shape.push_back(static_cast<int>(size));
    net_.setInput(cv::Mat(shape, CV_32F, x.data_ptr<float>()), input_);
    return tensor_from_blob(net_.forward(output_));
  }

 private:
  cv::dnn::Net net_;
  std::string input_, output_;
};

// The first picture alone, then seven at a time, then the rest alone.
at::Tensor run_opencv(OpenCvNet& one, OpenCvNet& seven, const at::Tensor& images) {
  std::vector<at::Tensor> parts;
  for (int64_t begin = 0, count = images.size(0); begin < count;) {
    const bool alone = begin == 0 || count - begin < 7;
    parts.push_back((alone ? one : seven).run(images.narrow(0, begin, alone ? 1 : 7)));
    begin += alone ? 1 : 7;
  }
  return at::cat(parts);
}

void check_with_opencv(const OnnxModel& model, const at::Tensor& images, const at::Tensor& expected,
                       OnnxReport& report) {
  OnnxCheck check{"OpenCV " CV_VERSION, "", 0, {}, ""};
  const auto dequantizes = [](const OnnxNode& node) { return node.op == "DequantizeLinear"; };
  if (std::any_of(model.nodes.begin(), model.nodes.end(), dequantizes))
    check.caveat = "its int8 follows rules of its own; use ONNX Runtime";
  const auto& dims = model.input.dims;
  if (std::any_of(dims.begin() + 1, dims.end(), [](int64_t size) { return size < 0; })) {
    check.refused = "it takes pictures of one size";
    report.checks.push_back(check);
    return;
  }
  const QuietOpenCv quiet;
  try {
    OpenCvNet one(model, 1), seven(model, 7);
    check.outputs = run_opencv(one, seven, images);
    check.difference = relative_difference(check.outputs, expected);
    const auto begin = std::chrono::steady_clock::now();
    one.run(images.narrow(0, 0, 1));
    report.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  } catch (const cv::Exception& error) {
    if (refused_by_machine(error)) throw;
    check.refused = error.err.empty() ? error.what() : error.err;
    check.outputs = at::Tensor();
  }
  report.checks.push_back(check);
}

constexpr int64_t kCheckedAtOnce = 16;

at::Tensor run_interpreter(const OnnxInterpreter& interpreter, const at::Tensor& images) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : images.split(kCheckedAtOnce)) parts.push_back(interpreter.run(part));
  return at::cat(parts);
}

}  // namespace

OnnxReport check_onnx(const std::string& bytes, const at::Tensor& images, const at::Tensor& expected) {
  const OnnxModel model = onnx_from_bytes(bytes);
  OnnxReport report;
  check_with_opencv(model, images, expected, report);
  report.outputs = run_interpreter(OnnxInterpreter(model), images);
  report.checks.push_back(
      {"cvtool's interpreter", "", relative_difference(report.outputs, expected), report.outputs, ""});
  return report;
}

}  // namespace cvtool
