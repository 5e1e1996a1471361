#include "evaluate/photo_looks.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "evaluate/known_features.h"
#include "model/feature_tap.h"
#include "model/stages.h"
#include "torch/lanes.h"
#include "train/feature_store.h"
#include "train/photo_pass.h"

namespace cvtool {
namespace {

enum Look { kLookProbabilities, kLookEnergy, kLookFeatures };

// Photo by photo: the last bit of a sum depends on how many are summed at once.
at::Tensor free_energy_of(const at::Tensor& logits) {
  std::vector<at::Tensor> values;
  for (int64_t row = 0; row < logits.size(0); ++row) {
    const at::Tensor z = logits[row].to(at::kDouble);
    values.push_back(-at::logsumexp(z.numel() == 1 ? at::cat({z, at::zeros_like(z)}) : z, {0}));
  }
  return at::stack(values);
}

PassPlan plan_of_looks(const PhotoPredictor& predictor, int64_t batch) {
  PassPlan plan;
  plan.work = [&predictor](const Batch& photos) {
    const Prediction p = predictor.run(photos.pixels);
    return std::vector<at::Tensor>{p.probabilities.to(at::kDouble).contiguous(), free_energy_of(p.logits),
                                   p.features.defined() ? compared_features(p.features) : at::Tensor()};
  };
  plan.device = predictor.net().device();
  plan.rows = plan.device.is_cpu() ? predictor.net().rows() : batch;
  return plan;
}

void add_looks(const Passed& passed, PhotoLooks& looks, std::vector<at::Tensor>& features) {
  const at::Tensor& p = passed.values[kLookProbabilities];
  for (int64_t row = 0; row < p.size(0); ++row) {
    const auto label = passed.photos.labels[row].item<int64_t>();
    looks.labels.push_back(label);
    looks.best.push_back(p[row].max().item<double>());
    if (label < p.size(1)) looks.right.push_back(p[row][label].item<double>());
    looks.free_energy.push_back(passed.values[kLookEnergy][row].item<double>());
  }
  if (passed.values[kLookFeatures].defined()) features.push_back(passed.values[kLookFeatures]);
}

}  // namespace

PhotoLooks look_at(const PhotoPredictor& predictor, const PhotoStore& store, std::vector<size_t> rows, int64_t batch,
                   Observer& observer) {
  const auto total = static_cast<int64_t>(rows.size());
  PhotoPass pass(store, std::move(rows), plan_of_looks(predictor, batch));
  PhotoLooks looks;
  std::vector<at::Tensor> features;
  for (Passed passed; pass.next(passed);) {
    add_looks(passed, looks, features);
    observer.progress({"Looking", looks.count(), total, std::nan(""), std::nan("")});
    if (observer.stop_requested()) throw Error("interrupted while looking at the photos", ExitCode::kInterrupted);
  }
  if (!features.empty()) looks.features = at::cat(features);
  return looks;
}

PhotoLooks look_at_kept(const torch::jit::Module& classifier, const KeptFeatures& kept,
                        const std::vector<size_t>& rows) {
  constexpr size_t kPhotos = 256;
  std::vector<torch::jit::Module> layers;
  for (const Stage& stage : stages_of(classifier.attr("head").toModule())) layers.push_back(stage.module);
  layers.erase(layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(kept.head_layers));
  torch::jit::Module rest = frozen_stages(layers);
  tap_features(rest);
  PhotoLooks looks;
  const int64_t units = tapped_units(rest);
  if (units == 0) return looks;
  const Lane lane;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> features;
  for (size_t begin = 0; begin < rows.size(); begin += kPhotos) {
    Examples block;
    if (!kept.train->examples(slice(rows, begin, kPhotos), 0, block)) continue;
    const at::Tensor y = rest.forward({block.x.to(at::kCPU)}).toTensor();
    features.push_back(compared_features(y.narrow(1, units, y.size(1) - units)));
    const at::Tensor labels = block.labels.to(at::kCPU);
    looks.labels.insert(looks.labels.end(), labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + labels.numel());
  }
  if (!features.empty()) looks.features = at::cat(features);
  return looks;
}

}  // namespace cvtool
