#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
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
#include "torch/lanes.h"

namespace cvtool {
namespace {

// A live source that has named no photo for so long has its photos answered before their group is full.
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

// Photos that go through the net together, in order; without pixels where one could not be read.
struct PhotoGroup {
  std::vector<StreamedPhoto> photos;
  Prediction prediction;  // of those with pixels
};

// How many photos there are at most; 0 where that is not known before they are looked for.
size_t most_photos(const PredictRequest& request) {
  if (request.stdin_image) return 1;
  const auto is_file = [](const std::string& input) {
    std::error_code error;
    return std::filesystem::is_regular_file(input, error);
  };
  const bool files = request.watch.empty() && std::all_of(request.inputs.begin(), request.inputs.end(), is_file);
  return files ? request.inputs.size() : 0;
}

// Photos as they are read, in groups that go through the net in lanes (on a GPU in one), in order.
class PhotoGroups {
 public:
  PhotoGroups(const AskedModel& opened, const PredictRequest& request)
      : opened_(opened),
        rows_(on_cpu() ? opened.predictor.net().rows() : request.batch),
        lanes_(lanes_for(request)),
        stream_(stream_options(request)),
        groups_(plan()) {}

  // The next group; kNothingYet after kPatience.
  Got next(PhotoGroup& group) { return groups_.next(group, kPatience); }

 private:
  bool on_cpu() const { return opened_.predictor.net().device().is_cpu(); }

  size_t lanes_for(const PredictRequest& request) const {
    const size_t most = most_photos(request), lanes = on_cpu() ? lane_count() : 1;
    return most == 0 ? lanes : std::min(lanes, (most + static_cast<size_t>(rows_) - 1) / static_cast<size_t>(rows_));
  }

  PhotoStreamOptions stream_options(const PredictRequest& request) const {
    ReadOptions read = request.run;
    if (const size_t most = most_photos(request); most > 0)
      read.workers = static_cast<int64_t>(std::min(worker_count(read.workers), most));
    return {{request.inputs, request.null_separated ? '\0' : '\n', request.stdin_image, request.watch},
            opened_.recipe.data,
            read,
            2 * rows_ * static_cast<int64_t>(lanes_)};
  }

  PrefetchPlan<PhotoGroup> plan() {
    PrefetchPlan<PhotoGroup> plan;
    plan.source = [this](PhotoGroup& group) { return collect(group); };
    plan.work = [this](PhotoGroup& group) { predict(group); };
    plan.workers = lanes_;
    plan.window = 2 * lanes_;
    return plan;
  }

  // Fills a group; a live source that is silent has what there is answered. False at the end.
  bool collect(PhotoGroup& group) {
    int64_t readable = 0;
    // Many bad photos in a row must not pile up.
    while (readable < rows_ && static_cast<int64_t>(group.photos.size()) < 4 * rows_ && !groups_.stopped()) {
      StreamedPhoto photo;
      const Got got = stream_.next(photo, kPatience);
      if (got == Got::kEnd || (got == Got::kNothingYet && !group.photos.empty())) break;
      if (got == Got::kNothingYet) continue;
      readable += !photo.pixels.empty();
      group.photos.push_back(std::move(photo));
    }
    return !group.photos.empty();
  }

  void predict(PhotoGroup& group) const {
    const at::Tensor pixels = tensor_from_photos(group.photos, opened_.recipe.data.imgsz);
    if (pixels.size(0) == 0) return;
    const Lane lane;
    const at::NoGradGuard no_grad;
    group.prediction = opened_.predictor.run(pixels);
  }

  const AskedModel& opened_;
  int64_t rows_;
  size_t lanes_;
  PhotoStream stream_;
  OrderedPrefetch<PhotoGroup> groups_;  // last: it reads the stream
};

// What is said of the photos.
class Answers {
 public:
  Answers(const AskedModel& opened, const PredictRequest& request, const PredictSink& sink)
      : request_(request),
        sink_(sink),
        classes_(model_classes(opened.info)),
        files_(request.options, classes_, decode_options(opened.recipe.data, request.run)) {
    if (request.options.raw && !opened.predictor.net().has_sigmoids())
      throw UsageError(
          "--raw: the model has no head of several sigmoid units (or is of an earlier version); leave it out");
    sink_.begin(classes_);
  }

  void add(const PhotoGroup& group) {
    const Prediction& p = group.prediction;
    int64_t row = 0;
    for (const StreamedPhoto& photo : group.photos) {
      if (photo.pixels.empty()) {
        answer(photo, {});
        continue;
      }
      answer(photo, {numbers_of(p.probabilities[row]),
                     numbers_of((request_.options.raw ? p.sigmoids : p.probabilities)[row])});
      ++row;
    }
    answered_ += static_cast<int64_t>(group.photos.size());
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

  const PredictRequest& request_;
  const PredictSink& sink_;
  std::vector<std::string> classes_;
  PredictFiles files_;
  int64_t failed_ = 0, answered_ = 0;
};

}  // namespace

int64_t predict_job(const PredictRequest& request, const PredictSink& sink, Observer& observer) {
  const AskedModel opened = ask_model(request.model, request.precision, request.run, request.tta);
  if (request.model.empty()) spdlog::info("the model is {}", newest_model_text());
  Answers answers(opened, request, sink);
  PhotoGroups groups(opened, request);
  PhotoGroup group;
  for (Got got = Got::kItem; got != Got::kEnd && !observer.stop_requested();) {
    got = groups.next(group);
    if (got == Got::kItem) answers.add(group);
    observer.progress({"Predicting", answers.answered(), 0, std::nan(""), std::nan("")});
  }
  return answers.failed();
}

}  // namespace cvtool
