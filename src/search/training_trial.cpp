#include "search/training_trial.h"

#include <algorithm>
#include <cmath>

namespace cvtool {
namespace {

constexpr int64_t kLeastEpochs = 3;
// Of the photos, what a trial learns from.
constexpr double kFitted = 1 - 1.0 / static_cast<double>(kHeldBackParts);
// Of the seconds that there are, those that epochs are planned for: rates are measured on few photos, and on a machine
// that others use too.
constexpr double kPlanned = 0.85;

int64_t whole(double value, int64_t least, int64_t most) {
  if (!(value < static_cast<double>(most))) return most;
  return std::max(least, static_cast<int64_t>(value));
}

// How fast the way is trained, in photos a second; seconds of its preparation are not counted. Nothing where the time
// was over before that was known.
std::optional<double> measured_rate(SearchContext& context, const Way& way) {
  constexpr int64_t kPhotos = 128;
  Way once = way;
  once.epochs = 1;
  const PhotoStore& store = *context.photos_for(once).train.store;
  HeldBackRows few = held_back(store, context.seed(), kPhotos);
  few.check.clear();
  const auto trial = try_out(context.plan_of(once), store, few, {context.observer, context.training_s()});
  return trial ? std::optional(trial->images_per_second) : std::nullopt;
}

// What an epoch goes through, counted in photos to learn from: those of validation only go forwards.
double photos_of_epoch(const TrainingData& data) {
  return static_cast<double>(data.train.count()) + static_cast<double>(data.valid.count()) / 2;
}

// What a part of the trial learns, and what the training itself would go through then.
struct Amount {
  int64_t epochs = 0, photos = 0;
  double trained_photos = 0;
  double limit_s = 0;  // of the parts together
};

std::nullopt_t out_of_time(SearchContext& context, const Way& way, const std::string& what) {
  context.say(way, what + ": the minutes do not allow it");
  return std::nullopt;
}

// The way after trainings without a fifth each, until that is better or worse than what is kept; of few photos at once
// with several fifths. Nothing, with a line, where the time was over before.
std::optional<TriedTraining> tried(SearchContext& context, const TrialGoal& goal, const Amount& amount) {
  TriedTraining result{goal.way, {}, 0};
  Way brief = goal.way;
  brief.epochs = amount.epochs;
  const PhotoStore& store = *context.photos_for(brief).train.store;
  const size_t planned = trials_for(static_cast<int64_t>(store.samples().size()));
  const double start = context.spent_s();
  for (size_t part = 0; part < kHeldBackParts; ++part) {
    const HeldBackRows rows = held_back(store, context.seed(), amount.photos, part);
    const size_t judged = result.scores.right.size() + rows.check.size();
    if (part >= planned && (goal.kept == nullptr || judged > goal.kept->right.size())) break;
    const double left_s = amount.limit_s - (context.spent_s() - start);
    const auto trial = try_out(context.plan_of(brief), store, rows, {context.observer, left_s});
    if (!trial && (part == 0 || goal.kept == nullptr)) return out_of_time(context, brief, "cut off while it was tried");
    if (!trial) break;
    result.scores.add(trial->scores);
    result.images_per_second = trial->images_per_second;
    if (goal.kept == nullptr) continue;
    const PhotoScores kept = goal.kept->first(judged);
    if (is_better(kept, result.scores)) break;
    if (part + 1 < planned) continue;
    const double part_s = (context.spent_s() - start) / static_cast<double>(part + 1);
    const double training_s = amount.trained_photos / std::max(trial->images_per_second, 1e-9);
    if (is_better(result.scores, kept) || !context.fits(part_s + training_s)) break;
  }
  return result;
}

}  // namespace

int64_t epochs_worth(const Way& way, int64_t photos) {
  const double thousands = std::max(static_cast<double>(photos), 1.0) / 1000;
  if (way.backbone.empty()) return whole(100 * std::pow(thousands, -0.45) + 0.5, 12, 120);
  return whole(12 * std::pow(thousands, -0.3) + 0.5, 4, 16);
}

int64_t smaller_size(int64_t size) {
  for (const int64_t smaller : {192, 160, 128, 96})
    if (smaller < size) return smaller;
  return 0;
}

size_t trials_for(int64_t photos) {
  constexpr int64_t kEnough = 1000;  // of which a fifth shows a difference of some percent
  return static_cast<size_t>(
      std::clamp<int64_t>(kEnough / std::max<int64_t>(photos, 1), 1, static_cast<int64_t>(kHeldBackParts)));
}

std::vector<size_t> rows_held_back(const PhotoStore& store, uint64_t seed) {
  std::vector<size_t> rows;
  for (size_t part = 0; part < kHeldBackParts; ++part) {
    const std::vector<size_t> check = held_back(store, seed, 0, part).check;
    rows.insert(rows.end(), check.begin(), check.end());
  }
  return rows;
}

Way within_the_minutes(SearchContext& context, Way way) {
  const double rate = measured_rate(context, way).value_or(0);
  way.epochs = epochs_worth(way, context.photos_for(way).train.count());
  return within_the_minutes(context, {way, {}, rate});
}

Way within_the_minutes(SearchContext& context, const TriedTraining& tried) {
  Way way = tried.way;
  const double photos = photos_of_epoch(context.photos_for(way));
  if (context.limited())
    way.epochs = whole(kPlanned * context.training_s() * tried.images_per_second / photos, 1, way.epochs);
  return way;
}

std::optional<TriedTraining> try_training(SearchContext& context, TrialGoal goal) {
  Way& way = goal.way;
  TrialLength length = goal.length;
  const std::optional<double> first_rate = measured_rate(context, way);
  if (!first_rate) return out_of_time(context, way, "not tried");
  double rate = *first_rate;
  const TrainingData& opened = context.photos_for(way);
  const int64_t photos = opened.train.count(), worth = epochs_worth(way, photos);
  const int64_t least = std::min(worth, kLeastEpochs);
  const auto trials = static_cast<double>(trials_for(photos));
  // Photos of an epoch: of the trials together, and of the training.
  const double tried_photos = trials * kFitted * static_cast<double>(photos), trained_photos = photos_of_epoch(opened);
  const auto epochs_beside = [&](TrialLength trial) {
    const double left_s = kPlanned * context.training_s();
    return trial == TrialLength::kWhole ? left_s * rate / (tried_photos + trained_photos)
                                        : (left_s - context.trial_s()) * rate / trained_photos;
  };
  const int64_t asked = way.imgsz;
  while (epochs_beside(length) < static_cast<double>(least) && !context.size_is_asked() &&
         smaller_size(way.imgsz) > 0) {
    const int64_t size = smaller_size(way.imgsz);
    rate *= std::pow(static_cast<double>(way.imgsz) / static_cast<double>(size), 2);
    way.imgsz = size;
  }
  if (way.imgsz != asked) rate = measured_rate(context, way).value_or(0);
  if (epochs_beside(length) < static_cast<double>(least)) length = TrialLength::kBrief;
  way.epochs = whole(epochs_beside(length), 0, worth);
  const double whole_training = trained_photos * static_cast<double>(way.epochs);
  // What the training itself needs is left for it.
  const double limit_s = context.training_s() - whole_training / std::max(rate, 1e-9);
  if (length == TrialLength::kWhole) {
    std::optional<TriedTraining> result = tried(context, goal, {way.epochs, photos, whole_training, limit_s});
    // The first guess of the rate was of few steps; what it left over goes into the training.
    if (result) result->way.epochs = worth;
    if (result) result->way = within_the_minutes(context, *result);
    return result;
  }
  if (way.epochs < 1) {
    way.epochs = 1;
    context.affords(trained_photos / rate + context.trial_s(), way);
    return std::nullopt;
  }
  const double trial_photos = context.trial_s() * rate / trials;
  const int64_t brief = std::clamp(whole(trial_photos / (kFitted * static_cast<double>(photos)), 2, worth), int64_t{2},
                                   std::max<int64_t>(2, (worth + 3) / 4));
  const int64_t some = whole(trial_photos / static_cast<double>(brief), 1, photos);
  return tried(context, goal, {brief, some, whole_training, limit_s});
}

}  // namespace cvtool
