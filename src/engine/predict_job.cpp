#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <nlohmann/json.hpp>
#include <numeric>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "data/photo_stream.h"
#include "data/photos.h"
#include "engine/jobs.h"
#include "engine/predict_files.h"
#include "evaluate/opened_model.h"
#include "run/run_directory.h"

namespace cvtool {
namespace {

// A live source that has named no photo for so long has its photos answered before the batch is full.
constexpr std::chrono::milliseconds kPatience{100};

at::Tensor tensor_from_photos(const std::vector<StreamedPhoto>& photos, const ImageSize& size) {
  int64_t count = 0;
  for (const StreamedPhoto& photo : photos) count += !photo.pixels.empty();
  at::Tensor pixels = at::empty({count, size.height, size.width, 3}, at::kByte);
  auto* target = pixels.data_ptr<uint8_t>();
  for (const StreamedPhoto& photo : photos)
    if (!photo.pixels.empty()) {
      std::memcpy(target, photo.pixels.ptr(), static_cast<size_t>(size.height * size.width * 3));
      target += size.height * size.width * 3;
    }
  return pixels.permute({0, 3, 1, 2});
}

std::vector<size_t> ranked(const std::vector<double>& probabilities) {
  std::vector<size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return probabilities[a] > probabilities[b]; });
  return order;
}

PhotoStreamOptions stream_options(const PredictRequest& request, const DataConfig& data) {
  return {{request.inputs, request.null_separated ? '\0' : '\n', request.stdin_image, request.watch},
          data,
          request.run,
          2 * request.batch};
}

// Photos on their way through the model, in order.
class Answers {
 public:
  Answers(const OpenedModel& opened, const PredictRequest& request, const PredictSink& sink)
      : opened_(opened),
        request_(request),
        sink_(sink),
        classes_(model_classes(opened.file)),
        files_(request.options, classes_, decode_options(opened.recipe.data, request.run)) {
    sink_.begin(classes_);
  }

  void add(StreamedPhoto photo) {
    readable_ += !photo.pixels.empty();
    photos_.push_back(std::move(photo));
    // Many bad photos in a row must not pile up.
    if (readable_ == request_.batch || static_cast<int64_t>(photos_.size()) >= 4 * request_.batch) flush();
  }

  void flush() {
    const at::Tensor pixels = readable_ > 0 ? tensor_from_photos(photos_, opened_.recipe.data.imgsz) : at::Tensor();
    const at::Tensor p = readable_ > 0 ? opened_.predictor.run(pixels).probabilities : at::Tensor();
    const at::Tensor sigmoids = readable_ > 0 && request_.options.raw ? opened_.predictor.sigmoids(pixels) : p;
    int64_t row = 0;
    for (const StreamedPhoto& photo : photos_) {
      if (photo.pixels.empty()) {
        answer(photo, {});
        continue;
      }
      answer(photo, {numbers_of(p[row]), numbers_of(sigmoids[row])});
      ++row;
    }
    answered_ += static_cast<int64_t>(photos_.size());
    photos_.clear();
    readable_ = 0;
  }

  int64_t failed() const { return failed_; }
  int64_t answered() const { return answered_; }

 private:
  // Of one photo; both are empty where it could not be read.
  struct Answer {
    std::vector<double> probabilities, shown;  // what decides, and what is told
  };

  static std::vector<double> numbers_of(const at::Tensor& row) {
    return {row.data_ptr<float>(), row.data_ptr<float>() + row.numel()};
  }

  void answer(const StreamedPhoto& photo, const Answer& answer) {
    ImageResult result;
    result.path = photo.source.path;
    result.error = photo.source.error;
    if (!std::all_of(answer.probabilities.begin(), answer.probabilities.end(),
                     [](double p) { return std::isfinite(p); })) {
      result.error = "the model gives it no probabilities (NaN); its weights are damaged";
    } else if (!answer.probabilities.empty()) {
      result.probabilities = answer.shown;
      result.ranked = ranked(answer.probabilities);
      const size_t best = result.ranked.at(0);
      result.label = answer.probabilities[best] < request_.options.threshold ? kUnknownClass : classes_[best];
      result.error = add_files(photo.source, result);
    }
    failed_ += !result.error.empty();
    sink_.image(result);
  }

  // Why this photo has no files that it should have; empty where all is well. The photo may have gone since it was
  // read.
  std::string add_files(const PhotoSource& source, const ImageResult& result) const {
    try {
      files_.add(source, result);
      return "";
    } catch (const DataError& error) {
      return error.what();
    } catch (const cv::Exception& error) {
      return "cannot be drawn: " + error.err;
    } catch (const std::bad_alloc&) {
      return "needs more memory than there is";
    }
  }

  const OpenedModel& opened_;
  const PredictRequest& request_;
  const PredictSink& sink_;
  std::vector<std::string> classes_;
  PredictFiles files_;
  std::vector<StreamedPhoto> photos_;
  int64_t readable_ = 0, failed_ = 0, answered_ = 0;
};

}  // namespace

int64_t predict_job(const PredictRequest& request, const PredictSink& sink, Observer& observer) {
  const OpenedModel opened = open_model(request.model, request.precision, request.run, request.tta);
  if (request.model.empty()) spdlog::info("the model is {}", newest_model_text());
  Answers answers(opened, request, sink);
  PhotoStream stream(stream_options(request, opened.recipe.data));
  StreamedPhoto photo;
  for (Got got = Got::kItem; got != Got::kEnd && !observer.stop_requested();) {
    got = stream.next(photo, kPatience);
    if (got == Got::kItem)
      answers.add(std::move(photo));
    else
      answers.flush();
    observer.progress({"Predicting", answers.answered(), 0, std::nan(""), std::nan("")});
  }
  return answers.failed();
}

}  // namespace cvtool
