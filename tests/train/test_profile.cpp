#include "train/profile.h"

#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

using namespace cvtool;

namespace {

void pass_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

double part(const EpochTime& time, Spent what) { return time.parts[static_cast<size_t>(what)]; }

}  // namespace

TEST_CASE("Time counts once, for the innermost part, and what no part claims is other") {
  Profile profile;
  {
    const TimedEpoch epoch(&profile, 3);
    {
      const Timed wait(&profile, Spent::kWait);
      pass_ms(20);
      const Timed augment(&profile, Spent::kAugment);
      pass_ms(40);
    }
    profile.add_photos(7);
    pass_ms(10);
  }
  {
    const TimedEpoch epoch(&profile, 4);
    const Timed save(&profile, Spent::kSave);
    pass_ms(5);
  }
  const TrainProfile result = profile.result();
  REQUIRE(result.epochs.size() == 2);
  const EpochTime& first = result.epochs[0];
  CHECK(first.epoch == 3);
  CHECK(first.photos == 7);
  CHECK(part(first, Spent::kWait) >= 0.02);
  CHECK(part(first, Spent::kAugment) >= 0.04);
  CHECK(part(first, Spent::kOther) >= 0.01);
  CHECK(part(first, Spent::kSave) == 0);
  double sum = 0;
  for (const double seconds : first.parts) sum += seconds;
  CHECK(sum == doctest::Approx(first.seconds));
  CHECK(result.total.seconds == doctest::Approx(first.seconds + result.epochs[1].seconds));
  CHECK(part(result.total, Spent::kSave) >= 0.005);
  const Json document = result;
  CHECK(document.at("epochs").at(0).at("parts").at("augment").at("percent").get<double>() > 0);
  CHECK(document.at("peak").is_null());
}

TEST_CASE("What other threads do meanwhile is kept apart") {
  Profile profile;
  {
    const TimedEpoch epoch(&profile, 1);
    std::thread worker([&] {
      const Timed read(&profile, Spent::kRead);
      pass_ms(20);
    });
    const Timed wait(&profile, Spent::kWait);
    worker.join();
  }
  const EpochTime total = profile.result().total;
  CHECK(part(total, Spent::kRead) == 0);
  CHECK(total.workers[static_cast<size_t>(Spent::kRead)] >= 0.02);
  CHECK(part(total, Spent::kWait) > 0);
}

TEST_CASE("Without a profile nothing is timed") {
  const TimedEpoch epoch(nullptr, 1);
  const Timed wait(nullptr, Spent::kWait);
}
