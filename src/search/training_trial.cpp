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
  const PhotoStore& store = *context.photos_for(once).train.store;
  HeldBack few = held_back(store, context.seed(), kPhotos);
  few.check.clear();
  return try_out(context.plan_of(once), store, few, context.observer).images_per_second;
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

std::optional<TriedTraining> try_training(SearchContext& context, Way way) {
  double rate = measured_rate(context, way);
  const TrainingData& opened = context.photos_for(way);
  const int64_t photos = opened.train.count(), worth = epochs_worth(way, photos);
  // Of an epoch with its validation, which only goes forwards.
  const double epoch_photos = static_cast<double>(photos) + static_cast<double>(opened.valid.count()) / 2;
  const auto fitting = [&] { return (context.training_s() - context.trial_s()) * rate / epoch_photos; };
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
    context.affords(epoch_photos / rate + context.trial_s(), way);
    return std::nullopt;
  }
  Way brief = way;
  const double trial_photos = context.trial_s() * rate, fit = 0.8 * static_cast<double>(photos);
  brief.epochs = std::clamp(whole(trial_photos / fit, 2, worth), int64_t{2}, std::max<int64_t>(2, (worth + 3) / 4));
  const PhotoStore& store = *context.photos_for(brief).train.store;
  const HeldBack parts =
      held_back(store, context.seed(), whole(trial_photos / static_cast<double>(brief.epochs), 1, photos));
  return TriedTraining{way, try_out(context.plan_of(brief), store, parts, context.observer).scores};
}

}  // namespace cvtool
