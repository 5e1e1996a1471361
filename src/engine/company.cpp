#include "engine/company.h"

#include <spdlog/spdlog.h>

#include "base/launch.h"

namespace cvtool {
namespace {

class CompanyObserver : public Observer {
 public:
  CompanyObserver(Observer& observer, const Ranks& ranks) : observer_(observer), ranks_(ranks) {}

  void progress(const Progress& progress) override {
    if (ranks_.is_first()) observer_.progress(progress);
  }
  void epoch(const EpochReport& report) override {
    if (ranks_.is_first()) observer_.epoch(report);
  }
  void event(const Json& event) override {
    if (ranks_.is_first()) observer_.event(event);
  }
  // What goes on for long without the others ends with them too.
  bool stop_requested() override { return observer_.stop_requested() || ranks_.trouble().has_value(); }

 private:
  Observer& observer_;
  const Ranks& ranks_;
};

}  // namespace

void in_company(double timeout_s, Observer& observer,
                const std::function<void(Ranks* ranks, Observer& observer)>& work) {
  const std::optional<Launch> launch = launch_from_environment();
  if (!launch) return work(nullptr, observer);
  const std::shared_ptr<Ranks> ranks = Ranks::join(*launch, timeout_s);
  spdlog::info("{} processes: {}", ranks->size(), launch_text(*launch));
  CompanyObserver shared(observer, *ranks);
  try {
    work(ranks.get(), shared);
    // Where one was stopped, all know by now.
    if (!ranks->trouble()) ranks->leave();
  } catch (const Error& error) {
    const std::optional<Error> cause = ranks->trouble();
    ranks->fail(error.what(), error.code());
    if (cause && error.code() == ExitCode::kInterrupted) throw *cause;
    throw;
  } catch (const std::exception& error) {
    ranks->fail(failure_text(error), ExitCode::kFailed);
    throw;
  }
}

void in_turns(Ranks* ranks, const std::function<void()>& work) {
  if (!ranks) return work();
  const int own_turn = ranks->is_first() ? 0 : ranks->is_first_of_machine() ? 1 : 2;
  for (int turn = 0; turn < 3; ++turn) {
    if (turn == own_turn) work();
    ranks->largest(0);
  }
}

}  // namespace cvtool
