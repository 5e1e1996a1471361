#include "search/search.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "search/advice.h"
#include "search/scratch_search.h"
#include "search/training_trial.h"

namespace cvtool {
namespace {

std::string verdict(const PhotoScores& scores, const std::string& of) { return scores.text() + " of photos " + of; }

// Searches behind a backbone. The head's optimum comes first: it takes seconds and is hard to beat.
class BackboneSearch {
 public:
  explicit BackboneSearch(SearchContext& context) : context_(context) { best_.backbone = context.backbone(); }

  Way run() {
    if (!context_.size_is_asked()) best_.imgsz = kFirstSize;
    fit_first_probe();
    take_probe(best_, probe(best_, some_photos_));
    seconds_per_photo_ = seconds_of_one(best_, best_probe_);
    context_.say(best_, verdict(scores(), "left out in turn"));
    if (!context_.size_is_asked() && !fit_into_the_minutes()) try_own_size();
    try_mirrored();
    take_advice();
    // Small choices were made on some of the photos; the head that others are measured against has seen as many as
    // they.
    if (context_.photos() > some_photos_ && context_.affords(seconds_of(best_, context_.photos()), best_)) {
      if (auto trial = probe_in_time(best_, context_.photos())) {
        take_probe(best_, *std::move(trial));
        context_.say(best_, verdict(scores(), "left out in turn") + ", all photos");
      }
    }
    if (scores().right.size() == context_.photos_for(best_).train.store->samples().size()) try_trainings();
    // Trials after the one that was best have taken time too.
    return best_training_ ? within_the_minutes(context_, *best_training_) : best_;
  }

  const std::vector<std::string>& advice() const { return advice_; }

 private:
  // On how many photos small choices are made, where the minutes allow it.
  static constexpr int64_t kSomePhotos = 3000;
  // Of the input, in pixels, where the user has not said one.
  static constexpr int64_t kFirstSize = 160;
  static constexpr const char* kLastLayers = "12";

  const PhotoScores& scores() const { return best_probe_.scores; }

  std::optional<ProbeTrial> probe_within(const Way& way, int64_t photos, double limit_s) {
    const TrainPlan plan = context_.plan_of(way);
    own_size_ = plan.net.backbone.value("imgsz", int64_t{0});
    const PhotoStore& store = *context_.photos_for(way).train.store;
    return try_probe(plan, store, some_rows(store, context_.seed(), photos), {context_.observer, limit_s});
  }

  // One that must be done, however long it takes.
  ProbeTrial probe(const Way& way, int64_t photos) {
    return *probe_within(way, photos, std::numeric_limits<double>::infinity());
  }

  // One that may take what the training of the best way does not need; nothing, with a line, where that was too little.
  std::optional<ProbeTrial> probe_in_time(const Way& way, int64_t photos) {
    auto trial = probe_within(way, photos, context_.training_s() - seconds_to_train(best_));
    if (!trial) context_.say(way, "cut off while it was tried: the minutes do not allow it");
    return trial;
  }

  // The first one must be done: of a size and a number of photos that the minutes allow, by what a few photos take.
  void fit_first_probe() {
    constexpr int64_t kFew = 64, kLeast = 256;
    some_photos_ = std::min(context_.photos(), kSomePhotos);
    if (!context_.limited() || some_photos_ <= kLeast) return;
    seconds_per_photo_ = seconds_of_one(best_, probe(best_, kFew));
    const auto fits = [&] { return context_.fits(seconds_of(best_, some_photos_) + seconds_to_train(best_)); };
    while (!fits() && !context_.size_is_asked() && smaller_size(best_.imgsz) > 0)
      best_.imgsz = smaller_size(best_.imgsz);
    while (!fits() && some_photos_ > kLeast) some_photos_ = std::max(kLeast, some_photos_ / 2);
  }

  void take_probe(Way way, ProbeTrial trial) {
    best_ = std::move(way);
    best_.probe_l2 = trial.l2;
    best_probe_ = std::move(trial);
  }

  // What a photo costs, in photos of the first size.
  static double cost_of_one(const Way& way) {
    const double growth =
        way.imgsz > 0 ? std::pow(static_cast<double>(way.imgsz) / static_cast<double>(kFirstSize), 2) : 1;
    return growth * (way.mirrored ? 2 : 1);
  }

  // Seconds that a photo of the first size takes.
  static double seconds_of_one(const Way& way, const ProbeTrial& trial) {
    return trial.seconds / static_cast<double>(trial.scores.right.size()) / cost_of_one(way);
  }

  // That a probe of so many photos takes, by the first one.
  double seconds_of(const Way& way, int64_t photos) const {
    return seconds_per_photo_ * cost_of_one(way) * static_cast<double>(photos);
  }

  // Of the training with that head, when it was tried on some of the photos: what has been seen then lies ready.
  double seconds_to_train(const Way& way) const {
    const int64_t photos = context_.photos();
    return seconds_of(way, (photos > some_photos_ ? photos : 0) + context_.validation_photos());
  }

  // Of a trial, and of the training if the way is chosen.
  double seconds_in_all(const Way& way) const { return seconds_of(way, some_photos_) + seconds_to_train(way); }

  void try_another(const Way& way) {
    if (!context_.affords(seconds_in_all(way), way)) return;
    auto trial = probe_in_time(way, some_photos_);
    if (!trial) return;
    const bool better = is_better(trial->scores, scores());
    context_.say(way, verdict(trial->scores, "left out in turn") + (better ? ": better" : ": no gain"));
    if (better) take_probe(way, *std::move(trial));
  }

  // A smaller input where not even the training itself is to be had otherwise. Whether it was taken.
  bool fit_into_the_minutes() {
    Way way = best_;
    const auto fits = [&] { return context_.fits(seconds_of(way, context_.photos() + context_.validation_photos())); };
    while (!fits() && smaller_size(way.imgsz) > 0) way.imgsz = smaller_size(way.imgsz);
    if (way.imgsz == best_.imgsz) return false;
    take_probe(way, probe(way, some_photos_));
    context_.say(way, verdict(scores(), "left out in turn") + ": the minutes allow no larger input");
    return true;
  }

  void try_own_size() {
    if (own_size_ <= best_.imgsz) return;
    Way way = best_;
    way.imgsz = own_size_;
    try_another(way);
  }

  void try_mirrored() {
    Way way = best_;
    way.mirrored = true;
    try_another(way);
  }

  void take_advice() {
    if (scores().right.size() < kPhotosForAdvice) return;
    const PhotoStore& store = *context_.photos_for(best_).train.store;
    JudgedPhotos judged;
    judged.scores = scores();
    for (const size_t row : some_rows(store, context_.seed(), some_photos_))
      judged.photos.push_back(store.samples()[row]);
    if (context_.fits(3 * best_probe_.seconds)) judged.with_half = scores_with_half(best_probe_, context_.observer);
    advice_ = advice_on(judged, context_.classes());
  }

  void try_trainings() {
    constexpr size_t kLeastMistakes = 6;
    constexpr double kLikeTheBackbones = 0.95;
    constexpr int64_t kSmallest = 96;
    const std::vector<size_t> rows = rows_held_back(*context_.photos_for(best_).train.store, context_.seed());
    held_back_ = scores().part(rows);
    if (rows.empty()) {
      context_.say(best_, "nothing else is tried: too few photos to hold some back");
      return;
    }
    // As many as are to be expected there.
    const size_t all = scores().right.size();
    const size_t judged = all * trials_for(static_cast<int64_t>(all)) / kHeldBackParts;
    const size_t mistakes = static_cast<size_t>(scores().mistakes()) * judged / all;
    if (scores().mistakes() == 0) {
      context_.say(best_, "all photos left out are named right: nothing else is tried");
      return;
    }
    if (mistakes < kLeastMistakes) {
      context_.say(best_, "about " + counted(static_cast<int64_t>(mistakes), "photo") + " of " +
                              std::to_string(judged) +
                              " held back named wrong: too few to see what further training gains");
      return;
    }
    const bool unlike = scores().accuracy() < kLikeTheBackbones;
    Way tuned = best_;
    tuned.varied = true;
    // A backbone that is trained learns to see at the size that it is given: more epochs pay more than more pixels, and
    // of small photos a larger picture holds no more.
    if (!context_.size_is_asked())
      tuned.imgsz = std::min(kFirstSize, std::max(kSmallest, 3 * context_.photo_side() / 32 * 32));
    // Where the backbone's last layers do not fit, its first ones may have to change too.
    tuned.fine_tune = kLastLayers;
    if (!unlike && !try_step_by_step(tuned)) return;
    tuned.fine_tune = "all";
    constexpr int64_t kEnoughForScratch = 1000;
    if (!try_step_by_step(tuned) && unlike && context_.photos() >= kEnoughForScratch)
      try_step_by_step(scratch_way(context_, tuned.mirrored));
  }

  // Whether it paid.
  bool try_step_by_step(const Way& way) {
    try {
      const auto tried = try_training(context_, {way, TrialLength::kWhole, &held_back_});
      if (!tried) return false;
      const PhotoScores kept = held_back_.first(tried->scores.right.size());
      const bool better = is_better(tried->scores, kept);
      context_.say(tried->way, "tried, " + verdict(tried->scores, "held back") +
                                   (better ? ": better than " : ": no gain over ") + fixed(kept.accuracy(), 4) +
                                   " and " + fixed(kept.mean_loss(), 4));
      if (!better) return false;
      best_ = tried->way;
      best_training_ = *tried;
      held_back_ = tried->scores;
      return true;
    } catch (const UsageError& error) {
      // A backbone of one's own may be frozen for good, or have fewer layers.
      context_.say(way, std::string("cannot be tried (") + error.what() + ")");
      return false;
    }
  }

  SearchContext& context_;
  Way best_;
  ProbeTrial best_probe_;
  std::optional<TriedTraining> best_training_;  // nothing: the head's optimum is best
  int64_t some_photos_ = kSomePhotos;
  PhotoScores held_back_;         // of the best, and of the photos that trials hold back
  int64_t own_size_ = 0;          // of the backbone's input; 0: it does not say
  double seconds_per_photo_ = 0;  // of a probe at the first size
  std::vector<std::string> advice_;
};

void advise_on_epochs(const SearchContext& context, const Way& way, std::vector<std::string>& advice) {
  if (!way.backbone.empty() && way.fine_tune == "none") return;
  const int64_t worth = epochs_worth(way, context.photos());
  if (way.epochs < worth)
    advice.insert(advice.begin(), "more minutes would help: they allowed " + std::to_string(way.epochs) + " of " +
                                      counted(worth, "epoch") + " (--budget)");
}

}  // namespace

PreparedTraining search_training(const TrainRequest& request, const Dataset& found, const Pace& pace,
                                 Observer& observer) {
  SearchContext context(request, found, pace, observer);
  PreparedTraining out;
  Way way;
  std::vector<std::string> advice;
  if (context.backbone().empty()) {
    way = search_from_scratch(context);
  } else {
    BackboneSearch search(context);
    way = search.run();
    advice = search.advice();
  }
  advise_on_epochs(context, way, advice);
  spdlog::info("chosen: {}", way_text(way));
  out.plan = context.plan_of(way);
  out.plan.advice = advice;
  out.data = context.take_photos_for(way);
  if (context.limited()) out.plan.budget_s = std::max(context.training_s(), 1e-3);
  return out;
}

}  // namespace cvtool
