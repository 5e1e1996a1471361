#include "search/trial.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "evaluate/outputs.h"
#include "run/run_training.h"
#include "search/without_remarks.h"
#include "train/phases.h"
#include "train/probe/probe_phase.h"
#include "train/stopping.h"

namespace cvtool {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLeastLimit_s = 1e-3;  // 0 is none

// Passes on what moves, and nothing that would look like the run's own epochs. Asks to stop when the time is over.
class TrialObserver : public Observer {
 public:
  explicit TrialObserver(Observer& observer, double limit_s = std::numeric_limits<double>::infinity())
      : observer_(observer), limit_s_(limit_s) {}
  void progress(const Progress& progress) override {
    Progress shown = progress;
    shown.phase = "Trial: " + shown.phase;
    observer_.progress(shown);
  }
  void epoch(const EpochReport&) override {}
  bool stop_requested() override { return is_over() || observer_.stop_requested(); }
  // It was the time, and not the user.
  bool has_cut() const { return is_over() && !observer_.stop_requested(); }

 private:
  bool is_over() const { return std::chrono::duration<double>(Clock::now() - start_).count() >= limit_s_; }

  Observer& observer_;
  double limit_s_;
  Clock::time_point start_ = Clock::now();
};

// What `work` gives; nothing where it was cut off.
template <class Work>
auto unless_cut(const TrialObserver& observer, Work&& work) -> std::optional<decltype(work())> {
  try {
    return work();
  } catch (const Error& error) {
    if (error.code() != ExitCode::kInterrupted || !observer.has_cut()) throw;
    return std::nullopt;
  }
}

// Of several processes each would stop at another place: what they agree on stops them (see TrainingRun).
double own_limit_s(const TrainPlan& plan, const TrialWatch& watch) {
  return plan.ranks ? std::numeric_limits<double>::infinity() : watch.limit_s;
}

TrainingData part_of(const PhotoStore& store, const std::vector<size_t>& rows) {
  TrainingData data;
  data.train.name = "train";
  data.train.store = store.subset(rows);
  return data;
}

// What is compared is of the same photos, in the same order.
void refuse_missing(int64_t count, const PhotoStore& photos) {
  if (count != static_cast<int64_t>(photos.samples().size()))
    throw DataError("photos vanished while they were in use; try again");
}

PhotoScores measured(const TrainPlan& plan, const PhotoStore& photos, Observer& observer) {
  const PhotoPredictor predictor({plan.net.module, plan.device, at::kFloat}, plan.recipe);
  Outputs outputs = outputs_of(predictor, photos, {plan.recipe.train.loss, 64}, observer);
  const Predictions& p = outputs.predictions;
  refuse_missing(p.count(), photos);
  const at::Tensor distribution =
      at::from_blob(outputs.predictions.distribution.data(), {p.count(), p.classes}, at::kDouble);
  const at::Tensor labels = at::empty({p.count()}, at::kLong);
  std::copy(p.labels.begin(), p.labels.end(), labels.data_ptr<int64_t>());
  constexpr double kLeast = 1e-12;
  return scores_of(distribution.clamp_min(kLeast).log(), labels);
}

ProbeOptions watched(ProbeOptions options, Observer& observer) {
  options.observer = &observer;
  return options;
}

// Nothing where the processes agreed that the time is over.
std::optional<Trial> trained(const TrainPlan& plan, const PhotoStore& store, const HeldBackRows& photos,
                             const TrialWatch& watch) {
  const TrainingData data = part_of(store, photos.fit);
  TrainingRun training = training_of(plan, data, watch.observer);
  training.time_limit_s = std::isfinite(watch.limit_s) ? std::max(watch.limit_s, kLeastLimit_s) : 0;
  training.budget_s = 0;
  TrainingState state;
  const TrainingEnd end = train_net(training, state);
  if (end == TrainingEnd::kTimeLimit) return std::nullopt;
  if (end == TrainingEnd::kInterrupted)
    throw Error("interrupted while ways to train were tried; nothing was written", ExitCode::kInterrupted);
  // With averaged weights these are not what the net holds.
  put_into(state.last, plan.net.module);
  Trial trial;
  trial.images_per_second = value_of(state.history.back(), "images_per_second");
  if (plan.ranks) trial.images_per_second = plan.ranks->from_first(trial.images_per_second);
  if (!photos.check.empty()) trial.scores = measured(plan, *store.subset(photos.check), watch.observer);
  return trial;
}

ProbeTrial probed(const TrainPlan& plan, const PhotoStore& store, const std::vector<size_t>& rows, Observer& observer) {
  const auto start = Clock::now();
  const TrainingData data = part_of(store, rows);
  const PhaseInputs inputs = phase_inputs(plan, data, observer);
  ProbeTrial trial;
  trial.options = probe_options(inputs);
  trial.options.l2 = 0;
  trial.options.observer = nullptr;
  trial.photos = probe_data(inputs);
  refuse_missing(trial.photos.labels.size(0), *data.train.store);
  const CrossValidation found = cross_validate(trial.photos, watched(trial.options, observer));
  trial.scores = scores_of(found.log_probabilities, trial.photos.labels);
  trial.l2 = found.l2;
  trial.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (plan.ranks) trial.seconds = plan.ranks->from_first(trial.seconds);
  return trial;
}

}  // namespace

std::optional<Trial> try_out(const TrainPlan& plan, const PhotoStore& store, const HeldBackRows& photos,
                             const TrialWatch& watch) {
  const WithoutRemarks quietly;
  TrialObserver quiet(watch.observer, own_limit_s(plan, watch));
  const auto trial = unless_cut(quiet, [&] { return trained(plan, store, photos, {quiet, watch.limit_s}); });
  return trial ? *trial : std::nullopt;
}

std::optional<ProbeTrial> try_probe(const TrainPlan& plan, const PhotoStore& store, const std::vector<size_t>& rows,
                                    const TrialWatch& watch) {
  const WithoutRemarks quietly;
  TrialObserver quiet(watch.observer, own_limit_s(plan, watch));
  return unless_cut(quiet, [&] { return probed(plan, store, rows, quiet); });
}

PhotoScores scores_with_half(const ProbeTrial& trial, Observer& observer) {
  TrialObserver quiet(observer);
  const ProbeData& all = trial.photos;
  // Each half, so that every photo is judged.
  at::Tensor said = at::empty({all.labels.size(0), trial.options.classes}, at::kDouble);
  std::vector<int64_t> halves[2];
  std::vector<int64_t> seen(static_cast<size_t>(trial.options.classes));
  const auto labels = all.labels.accessor<int64_t, 1>();
  for (int64_t row = 0; row < labels.size(0); ++row)
    halves[seen[static_cast<size_t>(labels[row])]++ % 2].push_back(row);
  // Of classes of one photo each the second half has nothing.
  if (halves[1].size() < 2) return {};
  for (const std::vector<int64_t>& rows : halves) {
    const at::Tensor index = at::tensor(rows, at::kLong);
    ProbeData half{all.features.index_select(0, index), all.labels.index_select(0, index), {}};
    for (const int64_t row : rows) half.ids.push_back(all.ids[static_cast<size_t>(row)]);
    said.index_copy_(0, index, cross_validate(half, watched(trial.options, quiet)).log_probabilities);
  }
  return scores_of(said, all.labels);
}

}  // namespace cvtool
