#include "engine/figures.h"

#include <ATen/ATen.h>

#include "train/losses.h"

namespace cvtool {

Outputs outputs_of(const Predictor& predictor, const PhotoStore& store, const std::string& loss, int64_t batch, Observer& observer) {
  Outputs out;
  Loader loader(store, in_order(store.samples().size()), batch);
  Batch photos;
  double loss_sum = 0;
  while (loader.next(photos)) {
    const Prediction prediction = predictor.run(photos.pixels);
    const int64_t count = photos.labels.size(0);
    loss_sum += loss_from_logits(loss, prediction.logits, photos.labels).item<double>() * static_cast<double>(count);
    out.correct += hits_from_logits(prediction.logits, photos.labels).item<int64_t>();
    out.classes = prediction.probabilities.size(1);
    const auto* p = prediction.probabilities.data_ptr<float>();
    out.probabilities.insert(out.probabilities.end(), p, p + count * out.classes);
    for (int64_t i = 0; i < count; ++i) {
      const Sample& sample = store.samples()[photos.rows[static_cast<size_t>(i)]];
      out.paths.push_back(sample.path);
      out.labels.push_back(sample.label);
    }
    observer.progress({"Evaluating", static_cast<int64_t>(out.labels.size()), static_cast<int64_t>(store.samples().size()),
                       loss_sum / static_cast<double>(out.labels.size()),
                       static_cast<double>(out.correct) / static_cast<double>(out.labels.size())});
  }
  out.loss = loss_sum / static_cast<double>(out.labels.size());
  return out;
}

}  // namespace cvtool
