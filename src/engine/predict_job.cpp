#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/dataset.h"
#include "data/image.h"
#include "engine/jobs.h"
#include "engine/opened_model.h"

namespace cvtool {
namespace {

// Photos of one batch: pixels of the readable ones, an error text for the others.
struct ReadBatch {
  std::vector<std::string> errors;   // "" = readable
  std::vector<cv::Mat> images;
};

ReadBatch read_batch(const std::vector<std::string>& paths, const DataConfig& data) {
  ReadBatch batch{std::vector<std::string>(paths.size()), std::vector<cv::Mat>(paths.size())};
  DecodeOptions decode;
  decode.exif = data.exif;
  at::parallel_for(0, static_cast<int64_t>(paths.size()), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) try {
        // As the photo store does: the same file gives the same pixels in train, eval and predict.
        batch.images[i] = decode_resized(read_photo_file(paths[i]), decode, data);
      } catch (const Error& error) {
        batch.errors[i] = error.what();
      } catch (const cv::Exception& error) {
        batch.errors[i] = "cannot be decoded: " + error.err;
      }
  });
  return batch;
}

at::Tensor tensor_from_images(const std::vector<cv::Mat>& images, const ImageSize& size) {
  int64_t count = 0;
  for (const cv::Mat& image : images) count += !image.empty();
  at::Tensor pixels = at::empty({count, size.height, size.width, 3}, at::kByte);
  auto* target = pixels.data_ptr<uint8_t>();
  for (const cv::Mat& image : images)
    if (!image.empty()) {
      std::memcpy(target, image.ptr(), static_cast<size_t>(size.height * size.width * 3));
      target += size.height * size.width * 3;
    }
  return pixels.permute({0, 3, 1, 2});
}

}  // namespace

int64_t predict_job(const PredictRequest& request, const PredictSink& sink, Observer& observer) {
  const auto [path, model, recipe, predictor] = open_model(request.model, request.precision, request.run, request.tta);
  std::vector<std::string> files;
  for (const std::string& input : request.inputs)
    for (std::string& file : find_images(input)) files.push_back(std::move(file));
  sink.begin(model_classes(model));
  int64_t failed = 0;
  const auto batch_size = static_cast<size_t>(request.batch);
  for (size_t begin = 0; begin < files.size() && !observer.stop_requested(); begin += batch_size) {
    const std::vector<std::string> paths(files.begin() + static_cast<std::ptrdiff_t>(begin),
                                         files.begin() + static_cast<std::ptrdiff_t>(std::min(begin + batch_size, files.size())));
    const ReadBatch batch = read_batch(paths, recipe.data);
    const at::Tensor pixels = tensor_from_images(batch.images, recipe.data.imgsz);
    const at::Tensor probabilities = pixels.size(0) > 0 ? predictor.run(pixels).probabilities : at::Tensor();
    int64_t row = 0;
    for (size_t i = 0; i < paths.size(); ++i) {
      ImageResult result{paths[i], batch.errors[i], {}};
      if (result.error.empty()) {
        const auto* p = probabilities.data_ptr<float>() + row++ * probabilities.size(1);
        result.probabilities.assign(p, p + probabilities.size(1));
      } else {
        ++failed;
      }
      sink.image(result);
    }
    observer.progress({"Predicting", static_cast<int64_t>(begin + paths.size()), static_cast<int64_t>(files.size()), std::nan(""), std::nan("")});
  }
  return failed;
}

}  // namespace cvtool
