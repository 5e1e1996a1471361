#include "train/schedule.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace cvtool;

namespace {

TrainConfig config_of(const std::string& schedule, int64_t epochs = 10) {
  TrainConfig config;
  config.epochs = epochs;
  config.lr = 0.5;
  config.schedule.schedule = schedule;
  config.schedule = with_schedule_defaults(config.schedule);
  return config;
}

double at_epoch(const TrainConfig& config, double epoch, int64_t drops = 0) {
  return lr_at(config, {epoch, 0.1, drops});
}

}  // namespace

TEST_CASE("A constant rate stays") {
  for (const double epoch : {0.0, 3.7, 9.9}) CHECK(at_epoch(config_of("constant"), epoch) == 0.5);
}

TEST_CASE("step drops to a tenth every decay_every epochs") {
  TrainConfig config = config_of("step", 30);
  CHECK(at_epoch(config, 9.9) == doctest::Approx(0.5));
  CHECK(at_epoch(config, 10) == doctest::Approx(0.05));
  CHECK(at_epoch(config, 20) == doctest::Approx(0.005));
  config.schedule.decay_every = 4;
  config.schedule.decay = 0.5;
  CHECK(at_epoch(config, 8) == doctest::Approx(0.125));
}

TEST_CASE("cosine falls along half a cosine to lr_end") {
  TrainConfig config = config_of("cosine");
  CHECK(at_epoch(config, 0) == doctest::Approx(0.5));
  CHECK(at_epoch(config, 2.5) == doctest::Approx(0.5 * (1 + std::sqrt(0.5)) / 2));
  CHECK(at_epoch(config, 5) == doctest::Approx(0.25));
  CHECK(at_epoch(config, 10) == doctest::Approx(0).epsilon(1e-9));
  config.schedule.lr_end = 0.2;
  CHECK(at_epoch(config, 5) == doctest::Approx(0.3));
  CHECK(at_epoch(config, 10) == doctest::Approx(0.1));
}

TEST_CASE("exponential loses a part in each epoch, smoothly") {
  const TrainConfig config = config_of("exponential");
  CHECK(at_epoch(config, 1) == doctest::Approx(0.475));
  CHECK(at_epoch(config, 2) == doctest::Approx(0.45125));
  CHECK(at_epoch(config, 0.5) == doctest::Approx(0.5 * std::sqrt(0.95)));
}

TEST_CASE("one_cycle rises from a 25th over 3 tenths of the run and falls to a 250,000th") {
  const TrainConfig config = config_of("one_cycle");
  CHECK(at_epoch(config, 0) == doctest::Approx(0.02));
  CHECK(at_epoch(config, 1.5) == doctest::Approx(0.26));
  CHECK(at_epoch(config, 3) == doctest::Approx(0.5));
  CHECK(at_epoch(config, 6.5) == doctest::Approx(0.250001));
  CHECK(at_epoch(config, 10) == doctest::Approx(2e-6));
}

TEST_CASE("A plateau multiplies by its drops") {
  CHECK(at_epoch(config_of("plateau"), 4, 0) == doctest::Approx(0.5));
  CHECK(at_epoch(config_of("plateau"), 4, 2) == doctest::Approx(0.005));
}

TEST_CASE("The warm-up rises from step to step, and the schedule begins behind it") {
  TrainConfig config = config_of("cosine", 12);
  config.schedule.warmup = 2;
  CHECK(at_epoch(config, 0) == doctest::Approx(0.5 * 0.05));  // a step is a tenth of an epoch
  CHECK(at_epoch(config, 1) == doctest::Approx(0.5 * 0.55));
  CHECK(at_epoch(config, 1.9) == doctest::Approx(0.5));
  CHECK(at_epoch(config, 2) == doctest::Approx(0.5));
  CHECK(at_epoch(config, 7) == doctest::Approx(0.25));
}

TEST_CASE("The table of schedules and the list of their names are the same") {
  std::vector<std::string> names;
  for (const ScheduleKind& kind : schedule_kinds()) {
    names.emplace_back(kind.name);
    CHECK((kind.factor != nullptr));
  }
  CHECK(names == schedule_names());
}

TEST_CASE("Warm-up and schedule are counted from behind the epochs without steps") {
  TrainConfig config = config_of("cosine", 11), ten = config_of("cosine", 10);
  for (TrainConfig* c : {&config, &ten}) c->schedule.warmup = 2;
  for (const double epoch : {0.0, 0.7, 1.9, 2.0, 6.5, 9.9}) {
    CAPTURE(epoch);
    CHECK(lr_at(config, {epoch + 1, 0.1, 0, 1}) == doctest::Approx(at_epoch(ten, epoch)));
  }
}
