#include "engine/predict/predict_groups.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <opencv2/core.hpp>

#include "data/image_tensor.h"
#include "evaluate/known_features.h"
#include "torch/lanes.h"

namespace cvtool {
namespace {

// A live source that has named no photo for so long has its photos answered before their group is full.
constexpr std::chrono::milliseconds kPatience{100};

// Photos of one size.
at::Tensor tensor_from_photos(const std::vector<StreamedPhoto>& photos) {
  std::vector<cv::Mat> readable;
  for (const StreamedPhoto& photo : photos)
    if (!photo.pixels.empty()) readable.push_back(photo.pixels);
  return tensor_from_images(readable);
}

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

}  // namespace

PhotoGroups::PhotoGroups(const AskedModel& opened, const PredictRequest& request, size_t process, size_t processes)
    : opened_(opened),
      wants_features_(request.options.unknown.has_value()),
      processes_(processes),
      rows_(opened.predictor.rows(request.batch)),
      lanes_(lanes_for(request)),
      stream_(stream_options(request, process)),
      groups_(plan()) {}

Got PhotoGroups::next(PhotoGroup& group) { return groups_.next(group, kPatience); }

size_t PhotoGroups::lanes_for(const PredictRequest& request) const {
  const size_t most = most_photos(request), lanes = on_cpu() ? lane_count() : 1;
  return most == 0 ? lanes : std::min(lanes, (most + static_cast<size_t>(rows_) - 1) / static_cast<size_t>(rows_));
}

PhotoStreamOptions PhotoGroups::stream_options(const PredictRequest& request, size_t process) const {
  ReadOptions read = request.run;
  if (const size_t most = most_photos(request); most > 0)
    read.workers = static_cast<int64_t>(std::min(worker_count(read.workers), most));
  return {{request.inputs, request.null_separated ? '\0' : '\n', request.stdin_image, request.watch},
          opened_.recipe.data,
          read,
          2 * rows_ * static_cast<int64_t>(lanes_ * processes_),
          {process, processes_, static_cast<size_t>(rows_)},
          opened_.predictor.resizes()};
}

PrefetchPlan<PhotoGroup> PhotoGroups::plan() {
  PrefetchPlan<PhotoGroup> plan;
  plan.source = [this](PhotoGroup& group) { return collect(group); };
  plan.work = [this](PhotoGroup& group) { predict(group); };
  plan.workers = lanes_;
  plan.window = 2 * lanes_ * processes_;
  return plan;
}

// Fills a group; a live source that is silent has what there is answered. False at the end.
bool PhotoGroups::collect(PhotoGroup& group) {
  int64_t readable = 0;
  // Many bad photos in a row must not pile up; and where others have the same groups, none knows the others' bad ones.
  const int64_t most = processes_ > 1 ? rows_ : 4 * rows_;
  while (readable < rows_ && static_cast<int64_t>(group.photos.size()) < most && !groups_.stopped()) {
    StreamedPhoto photo;
    const Got got = stream_.next(photo, kPatience);
    if (got == Got::kEnd || (got == Got::kNothingYet && !group.photos.empty())) break;
    if (got == Got::kNothingYet) continue;
    readable += !photo.pixels.empty();
    group.is_own = photo.is_own;
    group.photos.push_back(std::move(photo));
  }
  return !group.photos.empty();
}

void PhotoGroups::predict(PhotoGroup& group) const {
  const at::Tensor pixels = tensor_from_photos(group.photos);
  if (pixels.size(0) == 0) return;
  const Lane lane;
  const at::NoGradGuard no_grad;
  group.prediction = opened_.predictor.run(pixels);
  at::Tensor& features = group.prediction.features;
  features = wants_features_ && features.defined() ? compared_features(features) : at::Tensor();
}

}  // namespace cvtool
