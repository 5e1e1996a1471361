#include "search/context.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "data/photo_size.h"
#include "search/without_remarks.h"

namespace cvtool {
namespace {

// Of the budget: what one trial may take, and what is kept for reading, measuring and writing at the end.
constexpr double kTrialFraction = 0.12, kReserve = 0.08;

Json section(const TrainRequest& request, const char* name) { return request.overrides.value(name, Json::object()); }

}  // namespace

SearchContext::SearchContext(const TrainRequest& request, const Dataset& found, const Pace& pace, Observer& watcher)
    : observer(watcher),
      request_(request),
      found_(found),
      pace_(pace),
      backbone_(section(request, "model").value("base", "")),
      size_is_asked_(section(request, "data").contains("imgsz")),
      seed_(section(request, "train").value("seed", uint64_t{42})) {}

TrainPlan SearchContext::plan_of(const Way& way) const {
  const WithoutRemarks quietly;
  TrainPlan plan = plan_training(with_way(request_, way), &found_, pace_.ranks());
  plan.tried = tried_;
  plan.reuse = pace_.reuse();
  return plan;
}

void SearchContext::say(const Way& way, const std::string& what) {
  tried_.push_back(way_text(way) + ": " + what);
  spdlog::info("  {}", tried_.back());
  observer.event({{"event", "trial"}, {"way", way_text(way)}, {"result", what}});
}

const TrainingData& SearchContext::photos_for(const Way& way) {
  if (data_.train.store && opened_size_ == way.imgsz) return data_;
  data_ = {};
  data_ = open_training_data(plan_of(way), observer, told_);
  if (!told_)
    spdlog::info(
        "finding out how these photos are best trained on{}",
        pace_.limited() ? ", in at most " + duration_text(pace_.total_s()) + " with the training (--budget)" : "");
  told_ = true;
  opened_size_ = way.imgsz;
  return data_;
}

TrainingData SearchContext::take_photos_for(const Way& way) {
  photos_for(way);
  return std::move(data_);
}

int64_t SearchContext::photo_side() const {
  return typical_side(found_.root, found_.train, {/*exif=*/true, request_.run.max_pixels});
}

bool SearchContext::affords(double seconds, const Way& way) {
  if (fits(seconds)) return true;
  say(way, "not tried, it would take " + duration_text(seconds) + " and " + duration_text(std::max(training_s(), 0.0)) +
               " are left");
  return false;
}

double SearchContext::training_s() const {
  return pace_.limited() ? pace_.left_s() - kReserve * pace_.total_s() : pace_.left_s();
}

double SearchContext::trial_s() const { return kTrialFraction * pace_.total_s(); }

}  // namespace cvtool
