#include "search/training_trial.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace cvtool {
namespace {

constexpr int64_t kLeastEpochs = 3;

int64_t whole(double value, int64_t least, int64_t most) {
  if (!(value < static_cast<double>(most))) return most;
  return std::max(least, static_cast<int64_t>(value));
}

// How fast the way is trained, in photos a second; seconds of its preparation are not counted.
double measured_rate(SearchContext& context, const Way& way) {
  constexpr int64_t kPhotos = 128;
  Way once = way;
  once.epochs = 1;
  const TrainPlan plan = context.plan_of(once);
  const TrainingData& data = context.photos_for(once, plan);
  HeldBack few = photos_held_back(context, *data.train.store, kPhotos);
  few.check.clear();
  return try_out(plan, *data.train.store, few, context.observer).images_per_second;
}

// Seconds of an epoch over all photos with its validation, which only goes forwards.
double epoch_s(const TrainingData& data, double rate) {
  return (static_cast<double>(data.train.count()) + static_cast<double>(data.valid.count()) / 2) / rate;
}

// The next smaller input; 0 where there is none.
int64_t smaller_size(int64_t size) {
  for (const int64_t smaller : {192, 160, 128, 96})
    if (smaller < size) return smaller;
  return 0;
}

}  // namespace

int64_t epochs_worth(const Way& way, int64_t photos) {
  const double thousands = std::max(static_cast<double>(photos), 1.0) / 1000;
  if (way.backbone.empty()) return whole(100 * std::pow(thousands, -0.45) + 0.5, 12, 120);
  return whole(12 * std::pow(thousands, -0.3) + 0.5, 4, 16);
}

HeldBack photos_held_back(SearchContext& context, const PhotoStore& store, int64_t max_fit) {
  return held_back(store, context.seed(), max_fit);
}

std::optional<TriedTraining> try_training(SearchContext& context, Way way) {
  double rate = measured_rate(context, way);
  TrainPlan plan = context.plan_of(way);
  const TrainingData* data = &context.photos_for(way, plan);
  const int64_t worth = epochs_worth(way, data->train.count());
  const auto fitting = [&] { return (context.training_s() - context.trial_s()) / epoch_s(*data, rate); };
  const int64_t asked = way.imgsz;
  while (fitting() < static_cast<double>(std::min(worth, kLeastEpochs)) && !context.size_is_asked() &&
         smaller_size(way.imgsz) > 0) {
    const int64_t size = smaller_size(way.imgsz);
    rate *= std::pow(static_cast<double>(way.imgsz) / static_cast<double>(size), 2);
    way.imgsz = size;
  }
  if (way.imgsz != asked) rate = measured_rate(context, way);
  way.epochs = whole(fitting(), 0, worth);
  if (way.epochs < 1) {
    way.epochs = 1;
    context.affords(epoch_s(*data, rate) + context.trial_s(), way);
    return std::nullopt;
  }
  Way brief = way;
  const double trial_photos = context.trial_s() * rate;
  const double fit = 0.8 * static_cast<double>(context.photos_for(way, plan).train.count());
  brief.epochs = std::clamp(whole(trial_photos / fit, 2, worth), int64_t{2}, std::max<int64_t>(2, (worth + 3) / 4));
  plan = context.plan_of(brief);
  data = &context.photos_for(brief, plan);
  const int64_t max_fit = whole(trial_photos / static_cast<double>(brief.epochs), 1, data->train.count());
  const HeldBack parts = photos_held_back(context, *data->train.store, max_fit);
  return TriedTraining{way, try_out(plan, *data->train.store, parts, context.observer).scores};
}

}  // namespace cvtool
