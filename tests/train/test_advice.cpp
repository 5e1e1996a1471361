#include "train/stopping.h"

#include <doctest/doctest.h>

#include "scratch.h"

using namespace cvtool;

namespace {

EpochReport epoch_of(double accuracy, double val_accuracy, double val_loss = 0.7) {
  return {1, 9, {{"loss", 0.7}, {"accuracy", accuracy}, {"val_loss", val_loss}, {"val_accuracy", val_accuracy}}, false};
}

}  // namespace

TEST_CASE("Five epochs at the majority are said to have learned nothing, once") {
  std::vector<EpochReport> history;
  for (int epoch = 1; epoch <= 7; ++epoch) {
    history.push_back(epoch_of(0.578, 0.5785));
    CAPTURE(epoch);
    CHECK(learned_nothing(history, 0.5785).empty() == (epoch != 5));
  }
  CHECK(contains(learned_nothing({5, epoch_of(0.5, 0.5)}, 0.5785), "has learned nothing yet"));
}

TEST_CASE("A net that learns is not warned of") {
  std::vector<EpochReport> history(4, epoch_of(0.578, 0.5785));
  history.push_back(epoch_of(0.62, 0.5785));
  CHECK(learned_nothing(history, 0.5785).empty());
  history.push_back(epoch_of(0.578, 0.7));
  CHECK(learned_nothing(history, 0.5785).empty());
}

TEST_CASE("Curves that have parted are called overfitting") {
  CHECK(overfitting({epoch_of(0.9, 0.88, 0.4)}).empty());
  CHECK(contains(overfitting({epoch_of(0.99, 0.85, 0.4)}),
                 "overfitting: at the end training accuracy is 0.990 and validation accuracy 0.850"));
  CHECK(contains(overfitting({epoch_of(0.9, 0.88, 0.3), epoch_of(0.95, 0.9, 0.5)}), "the validation loss rises again"));
  CHECK(overfitting({}).empty());
  CHECK(overfitting({{1, 1, {{"loss", 0.1}, {"accuracy", 1}}, false}}).empty());
}

TEST_CASE("A training that was still learning when it ended is advised more epochs") {
  const auto history = [](const std::vector<double>& losses) {
    std::vector<EpochReport> out;
    for (const double loss : losses) out.push_back(epoch_of(0.8, 0.8, loss));
    return out;
  };
  const TrainConfig plain;
  TrainConfig cosine;
  cosine.schedule.schedule = "cosine";
  const auto learning = history({0.7, 0.65, 0.6, 0.55, 0.5, 0.46, 0.42, 0.39});
  CHECK(still_improving(learning, plain) ==
        "still improving when it ended: more --epochs would help (--resume RUN --epochs N goes on)");
  CHECK(contains(still_improving(learning, cosine), "from the start"));
  CHECK(still_improving(history({0.7, 0.5, 0.4, 0.39, 0.385, 0.384, 0.383, 0.382}), plain).empty());
  CHECK(still_improving(history({0.7, 0.3, 0.6, 0.6, 0.6, 0.6, 0.5, 0.5}), plain).empty());
  CHECK(still_improving(history({0.9, 0.6, 0.3}), plain).empty());
  CHECK(still_improving({}, plain).empty());
  std::vector<EpochReport> without(8, EpochReport{1, 1, {{"loss", 0.1}, {"accuracy", 1}}, false});
  CHECK(still_improving(without, plain).empty());
}
