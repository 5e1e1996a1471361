#include "train/profile.h"

#include <algorithm>
#include <numeric>

namespace cvtool {

void Profile::add_exchange(int64_t exchanges, int64_t sent_bytes) {
  ++now_.exchange.steps;
  now_.exchange.exchanges += exchanges;
  now_.exchange.sent_bytes += sent_bytes;
}

Timed::Timed(Profile* profile, Spent part) : profile_(profile), part_(part) {
  if (!profile_) return;
  if (std::this_thread::get_id() == profile_->owner_) {
    outer_ = profile_->innermost_;
    profile_->innermost_ = this;
  }
  start_ = Profile::Clock::now();
}

Timed::~Timed() {
  if (!profile_) return;
  const double seconds = std::chrono::duration<double>(Profile::Clock::now() - start_).count();
  const auto part = static_cast<size_t>(part_);
  if (std::this_thread::get_id() == profile_->owner_) {
    const double own_s = seconds - within_s_ - aside_s_;
    profile_->now_.parts[part] += own_s * share_;
    profile_->now_.parts[static_cast<size_t>(other_)] += own_s * (1 - share_);
    profile_->now_.parts[static_cast<size_t>(aside_)] += aside_s_;
    if (outer_) outer_->within_s_ += seconds;
    profile_->innermost_ = outer_;
    return;
  }
  const std::lock_guard<std::mutex> hold(profile_->lock_);
  profile_->now_.workers[part] += seconds;
}

TimedEpoch::TimedEpoch(Profile* profile, int64_t epoch) : profile_(profile) {
  if (!profile_) return;
  profile_->now_.epoch = epoch;
  start_ = Profile::Clock::now();
}

TimedEpoch::~TimedEpoch() {
  if (!profile_) return;
  const std::lock_guard<std::mutex> hold(profile_->lock_);
  EpochTime& time = profile_->now_;
  time.seconds = std::chrono::duration<double>(Profile::Clock::now() - start_).count();
  const double named = std::accumulate(time.parts.begin(), time.parts.end(), 0.0);
  time.parts[static_cast<size_t>(Spent::kOther)] += std::max(0.0, time.seconds - named);
  profile_->epochs_.push_back(time);
  time = {};
}

TrainProfile Profile::result() const {
  TrainProfile result{epochs_, {}, std::nullopt};
  for (const EpochTime& epoch : epochs_) {
    result.total.photos += epoch.photos;
    result.total.seconds += epoch.seconds;
    result.total.exchange.steps += epoch.exchange.steps;
    result.total.exchange.exchanges += epoch.exchange.exchanges;
    result.total.exchange.sent_bytes += epoch.exchange.sent_bytes;
    for (size_t i = 0; i < kSpentNames.size(); ++i) {
      result.total.parts[i] += epoch.parts[i];
      result.total.workers[i] += epoch.workers[i];
    }
  }
  return result;
}

}  // namespace cvtool
