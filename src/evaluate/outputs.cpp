#include "evaluate/outputs.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "torch/device.h"
#include "train/losses.h"

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

}  // namespace

Outputs outputs_of(const PhotoPredictor& predictor, const PhotoStore& store, const EvaluationPass& pass,
                   Observer& observer) {
  trim_heap();
  Outputs out;
  out.decode = decode_options(store.options().data, store.options().read);
  Predictions& p = out.predictions;
  Loader loader(store, in_order(store.samples().size()), pass.batch);
  Batch photos;
  double loss_sum = 0, correct = 0;
  while (loader.next(photos)) {
    const Prediction prediction = predictor.run(photos.pixels);
    const int64_t count = photos.labels.size(0);
    loss_sum +=
        loss_from_logits(pass.loss, prediction.logits, photos.labels).item<double>() * static_cast<double>(count);
    correct += correct_from_logits(prediction.logits, photos.labels).item<double>();
    p.classes = prediction.probabilities.size(1);
    append_rows(p.probabilities, prediction.probabilities);
    append_rows(p.distribution, distribution_of(prediction.logits.to(at::kDouble)));
    for (size_t row : photos.rows) {
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
