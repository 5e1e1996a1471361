#include "evaluate/outputs.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/image.h"
#include "data/image_tensor.h"
#include "evaluate/known_features.h"
#include "torch/device.h"
#include "train/losses.h"
#include "train/photo_pass.h"

namespace cvtool {
namespace {

void append_rows(std::vector<double>& target, const at::Tensor& rows) {
  const at::Tensor values = rows.to(at::kDouble).contiguous();
  target.insert(target.end(), values.data_ptr<double>(), values.data_ptr<double>() + values.numel());
}

// Sigmoid units need not sum to one, and one of them rounds to 1 where this does not.
at::Tensor distribution_of(const at::Tensor& logits) {
  const bool one_unit = logits.size(1) == 1;
  return at::softmax(one_unit ? at::cat({at::zeros_like(logits), logits}, 1) : logits, 1);
}

// Of each photo by itself, so that sums do not depend on how photos were put together.
at::Tensor losses_of(const std::string& loss, const at::Tensor& logits, const at::Tensor& labels) {
  at::Tensor losses = at::empty({logits.size(0)}, at::kDouble);
  for (int64_t i = 0; i < logits.size(0); ++i)
    losses[i] = loss_from_logits(loss, logits.narrow(0, i, 1), labels.narrow(0, i, 1));
  return losses;
}

enum Value { kProbabilities, kDistribution, kLosses, kHits, kFeatures };

// [1,C,h,w] u8: the photo samples()[row] in its own size, read anew.
at::Tensor photo_as_it_is(const PhotoStore& store, size_t row) {
  const std::string path = sample_path(store.root(), store.samples()[row].path);
  try {
    const LoaderOptions& options = store.options();
    return tensor_from_image(
        decode_for_net(read_photo_file(path), decode_options(options.data, options.read), options.data));
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

// [n,D] of those rows of a batch that are wanted; undefined where there are none, or the net has no features.
at::Tensor wanted_features(const Prediction& said, const std::vector<size_t>& rows, const std::vector<size_t>& wanted) {
  std::vector<at::Tensor> found;
  for (size_t i = 0; said.features.defined() && i < rows.size(); ++i)
    if (std::binary_search(wanted.begin(), wanted.end(), rows[i]))
      found.push_back(compared_features(said.features[static_cast<int64_t>(i)]));
  return found.empty() ? at::Tensor() : at::stack(found);
}

PassPlan pass_plan(const PhotoPredictor& predictor, const PhotoStore& store, const EvaluationPass& pass) {
  PassPlan plan;
  plan.work = [&predictor, &store, &pass](const Batch& photos) {
    const Prediction p = predictor.run(predictor.resizes() ? photo_as_it_is(store, photos.rows.at(0)) : photos.pixels);
    return std::vector<at::Tensor>{
        p.probabilities, distribution_of(p.logits.to(at::kDouble)), losses_of(pass.loss, p.logits, photos.labels),
        correct_from_logits(p.logits, photos.labels), wanted_features(p, photos.rows, pass.featured)};
  };
  plan.device = predictor.net().device();
  plan.rows = predictor.rows(pass.batch);
  return plan;
}

// What the model says of photos, photo by photo.
struct PhotoRows {
  std::vector<int64_t> rows;    // indices into the store's samples
  std::vector<double> losses;   // of each
  std::vector<double> classes;  // probabilities, those of a photo side by side
  std::vector<double> distribution;
  double loss_sum = 0, correct = 0;

  int64_t count() const { return static_cast<int64_t>(rows.size()); }
  void add(const Passed& passed) {
    for (const size_t row : passed.photos.rows) rows.push_back(static_cast<int64_t>(row));
    append_rows(losses, passed.values[kLosses]);
    append_rows(classes, passed.values[kProbabilities]);
    append_rows(distribution, passed.values[kDistribution]);
    for (int64_t i = 0; i < passed.values[kLosses].size(0); ++i)
      loss_sum += passed.values[kLosses].data_ptr<double>()[i];
    correct += passed.values[kHits].item<double>();
  }
};

template <class Number>
void pack(const std::vector<Number>& numbers, std::string& bytes) {
  const auto count = static_cast<uint64_t>(numbers.size());
  bytes.append(reinterpret_cast<const char*>(&count), sizeof count);
  bytes.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number));
}

template <class Number>
std::vector<Number> unpacked(const std::string& bytes, size_t& place) {
  uint64_t count = 0;
  std::memcpy(&count, bytes.data() + place, sizeof count);
  std::vector<Number> numbers(count);
  std::memcpy(numbers.data(), bytes.data() + place + sizeof count, count * sizeof(Number));
  place += sizeof count + count * sizeof(Number);
  return numbers;
}

// All photos in the store's order, at rank 0.
PhotoRows gathered(const PhotoRows& own, Ranks& ranks) {
  std::string bytes;
  pack(own.rows, bytes);
  pack(own.losses, bytes);
  pack(own.classes, bytes);
  pack(own.distribution, bytes);
  std::vector<PhotoRows> shares;
  for (const std::string& share : ranks.to_first(bytes)) {
    size_t place = 0;
    PhotoRows& of = shares.emplace_back();
    of.rows = unpacked<int64_t>(share, place);
    of.losses = unpacked<double>(share, place);
    of.classes = unpacked<double>(share, place);
    of.distribution = unpacked<double>(share, place);
  }
  struct Place {
    int64_t row;
    size_t share, at;
  };
  std::vector<Place> places;
  for (size_t share = 0; share < shares.size(); ++share)
    for (size_t at = 0; at < shares[share].rows.size(); ++at) places.push_back({shares[share].rows[at], share, at});
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.row < b.row; });
  PhotoRows all;
  for (const auto& [row, share, nth] : places) {
    const PhotoRows& of = shares[share];
    const auto take = [count = of.rows.size(), place = nth](const std::vector<double>& from, std::vector<double>& to) {
      const auto width = static_cast<std::ptrdiff_t>(from.size() / count),
                 begin = width * static_cast<std::ptrdiff_t>(place);
      to.insert(to.end(), from.begin() + begin, from.begin() + begin + width);
    };
    all.rows.push_back(row);
    all.losses.push_back(of.losses[nth]);
    take(of.classes, all.classes);
    take(of.distribution, all.distribution);
    all.loss_sum += of.losses[nth];
  }
  return all;
}

}  // namespace

Outputs outputs_of(const PhotoPredictor& predictor, const PhotoStore& store, const EvaluationPass& pass,
                   Observer& observer) {
  trim_heap();
  const auto count = static_cast<int64_t>(store.samples().size());
  const int64_t processes = pass.ranks ? static_cast<int64_t>(pass.ranks->size()) : 1;
  PhotoPass photos(store, pass.ranks ? store.own_rows() : in_order(store.samples().size()),
                   pass_plan(predictor, store, pass));
  PhotoRows found;
  std::vector<at::Tensor> features;
  for (Passed passed; photos.next(passed);) {
    found.add(passed);
    if (passed.values[kFeatures].defined()) features.push_back(passed.values[kFeatures]);
    if (observer.stop_requested()) throw Error("interrupted while evaluating", ExitCode::kInterrupted);
    const auto own = static_cast<double>(found.count());
    observer.progress(
        {"Evaluating", std::min(count, found.count() * processes), count, found.loss_sum / own, found.correct / own});
  }
  if (pass.ranks) found = gathered(found, *pass.ranks);
  Outputs out;
  if (!features.empty()) out.features = at::cat(features);
  out.decode = decode_options(store.options().data, store.options().read);
  Predictions& p = out.predictions;
  for (const int64_t row : found.rows) {
    out.paths.push_back(store.samples()[static_cast<size_t>(row)].path);
    p.labels.push_back(store.samples()[static_cast<size_t>(row)].label);
  }
  if (!found.rows.empty()) p.classes = static_cast<int64_t>(found.classes.size()) / found.count();
  p.probabilities = std::move(found.classes);
  p.distribution = std::move(found.distribution);
  out.loss = found.loss_sum / static_cast<double>(p.count());
  return out;
}

Json metrics_document(const Outputs& outputs, const EvaluationMetrics& metrics,
                      const std::vector<std::string>& classes) {
  Json json{{"count", outputs.predictions.count()}, {"loss", outputs.loss}};
  json.update(metrics_json(metrics, classes));
  json["intervals"] = intervals_json(metrics);
  return json;
}

}  // namespace cvtool
