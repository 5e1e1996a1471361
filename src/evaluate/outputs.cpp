#include "evaluate/outputs.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
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

enum Value { kProbabilities, kDistribution, kLosses, kHits };

PassPlan pass_plan(const PhotoPredictor& predictor, const EvaluationPass& pass) {
  PassPlan plan;
  plan.work = [&predictor, loss = pass.loss](const Batch& photos) {
    const Prediction p = predictor.run(photos.pixels);
    return std::vector<at::Tensor>{p.probabilities, distribution_of(p.logits.to(at::kDouble)),
                                   losses_of(loss, p.logits, photos.labels),
                                   correct_from_logits(p.logits, photos.labels)};
  };
  plan.device = predictor.net().device();
  plan.rows = plan.device.is_cpu() ? predictor.net().rows() : pass.batch;
  return plan;
}

}  // namespace

Outputs outputs_of(const PhotoPredictor& predictor, const PhotoStore& store, const EvaluationPass& pass,
                   Observer& observer) {
  trim_heap();
  Outputs out;
  out.decode = decode_options(store.options().data, store.options().read);
  Predictions& p = out.predictions;
  PhotoPass photos(store, in_order(store.samples().size()), pass_plan(predictor, pass));
  double loss_sum = 0, correct = 0;
  for (Passed passed; photos.next(passed);) {
    for (int64_t i = 0; i < passed.values[kLosses].size(0); ++i)
      loss_sum += passed.values[kLosses].data_ptr<double>()[i];
    correct += passed.values[kHits].item<double>();
    p.classes = passed.values[kProbabilities].size(1);
    append_rows(p.probabilities, passed.values[kProbabilities]);
    append_rows(p.distribution, passed.values[kDistribution]);
    for (size_t row : passed.photos.rows) {
      out.paths.push_back(store.samples()[row].path);
      p.labels.push_back(store.samples()[row].label);
    }
    if (observer.stop_requested()) throw Error("interrupted while evaluating", ExitCode::kInterrupted);
    observer.progress({"Evaluating", p.count(), static_cast<int64_t>(store.samples().size()),
                       loss_sum / static_cast<double>(p.count()), correct / static_cast<double>(p.count())});
  }
  out.loss = loss_sum / static_cast<double>(p.count());
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
