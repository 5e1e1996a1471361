#include "search/search.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "search/scratch_search.h"
#include "search/training_trial.h"

namespace cvtool {
namespace {

std::string verdict(const PhotoScores& scores, const std::string& of) {
  return "accuracy " + fixed(scores.accuracy(), 4) + " of photos " + of;
}

// Searches behind a backbone. The head's optimum comes first: it takes seconds and is hard to beat.
class BackboneSearch {
 public:
  explicit BackboneSearch(SearchContext& context) : context_(context) { best_.backbone = context.backbone(); }

  Way run() {
    constexpr int64_t kFirstSize = 160;
    if (!context_.size_is_asked()) best_.imgsz = kFirstSize;
    take_probe(best_, probe(best_, kSomePhotos));
    context_.say(best_, verdict(scores_, "left out in turn"));
    if (!context_.size_is_asked()) try_own_size();
    try_mirrored();
    // Small choices were made on some of the photos; the head that others are measured against has seen as many as
    // they.
    if (context_.photos() > kSomePhotos) {
      take_probe(best_, probe(best_, context_.photos()));
      context_.say(best_, verdict(scores_, "left out in turn") + ", all photos");
    }
    try_trainings();
    return best_;
  }

 private:
  // On how many photos small choices are made.
  static constexpr int64_t kSomePhotos = 3000;
  static constexpr const char* kLastLayers = "12";

  ProbeTrial probe(const Way& way, int64_t photos) {
    const TrainPlan plan = context_.plan_of(way);
    own_size_ = plan.net.backbone.value("imgsz", int64_t{0});
    const PhotoStore& store = *context_.photos_for(way).train.store;
    return try_probe(plan, store, some_rows(store, context_.seed(), photos), context_.observer);
  }

  void take_probe(Way way, const ProbeTrial& trial) {
    best_ = way;
    best_.probe_l2 = trial.l2;
    scores_ = trial.scores;
    seconds_ = trial.seconds;
  }

  // `seconds`: what it would take.
  void try_another(const Way& way, double seconds) {
    if (!context_.affords(seconds, way)) return;
    const ProbeTrial trial = probe(way, kSomePhotos);
    const bool better = is_better(trial.scores, scores_);
    context_.say(way, verdict(trial.scores, "left out in turn") + (better ? ": better" : ": no gain"));
    if (better) take_probe(way, trial);
  }

  void try_own_size() {
    if (own_size_ <= best_.imgsz) return;
    Way way = best_;
    way.imgsz = own_size_;
    // Once in the trial; validation photos in the training itself.
    constexpr double kPasses = 1.5;
    const double growth = std::pow(static_cast<double>(own_size_) / static_cast<double>(best_.imgsz), 2);
    try_another(way, kPasses * growth * seconds_);
  }

  void try_mirrored() {
    Way way = best_;
    way.mirrored = true;
    try_another(way, 2 * seconds_);
  }

  void try_trainings() {
    constexpr int64_t kLeastMistakes = 6;
    constexpr double kLikeTheBackbones = 0.95;
    constexpr int64_t kSmallest = 96;
    const HeldBack parts = held_back(*context_.photos_for(best_).train.store, context_.seed());
    held_back_ = scores_.part(parts.check);
    if (parts.check.empty()) {
      context_.say(best_, "nothing else is tried: too few photos to hold some back");
      return;
    }
    if (held_back_.mistakes() < kLeastMistakes) {
      context_.say(best_, std::to_string(held_back_.mistakes()) + " of " +
                              counted(static_cast<int64_t>(held_back_.right.size()), "photo") +
                              " held back named wrong: too few to see what further training gains");
      return;
    }
    const bool unlike = scores_.accuracy() < kLikeTheBackbones;
    Way tuned = best_;
    tuned.varied = true;
    // Of small photos a larger picture holds no more, and more epochs fit into the minutes.
    if (!context_.size_is_asked())
      tuned.imgsz = std::min(tuned.imgsz, std::max(kSmallest, 3 * context_.photo_side() / 32 * 32));
    // Where the backbone's last layers do not fit, its first ones may have to change too.
    tuned.fine_tune = kLastLayers;
    if (!unlike && !try_step_by_step(tuned)) return;
    tuned.fine_tune = "all";
    if (!try_step_by_step(tuned) && unlike) try_step_by_step(scratch_way(context_, tuned.mirrored));
  }

  // Whether it paid.
  bool try_step_by_step(const Way& way) {
    try {
      const auto tried = try_training(context_, way);
      if (!tried) return false;
      const bool better = is_better(tried->scores, held_back_);
      context_.say(tried->way, "after a short training " + verdict(tried->scores, "held back") +
                                   (better ? ": better than " : ": no gain over ") + fixed(held_back_.accuracy(), 4));
      if (!better) return false;
      best_ = tried->way;
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
  PhotoScores scores_, held_back_;  // of the best: of all training photos, of those that trials hold back
  int64_t own_size_ = 0;            // of the backbone's input; 0: it does not say
  double seconds_ = 0;              // that the best probe took
};

}  // namespace

PreparedTraining search_training(const TrainRequest& request, const Dataset& found, Observer& observer) {
  SearchContext context(request, found, observer);
  const Way way = context.backbone().empty() ? search_from_scratch(context) : BackboneSearch(context).run();
  spdlog::info("chosen: {}", way_text(way));
  PreparedTraining out{context.plan_of(way), {}};
  out.data = context.take_photos_for(way);
  return out;
}

}  // namespace cvtool
