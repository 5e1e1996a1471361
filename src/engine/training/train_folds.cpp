#include "engine/training/train_folds.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/output.h"
#include "base/statistics.h"
#include "base/text.h"
#include "engine/output_check.h"
#include "run/reuse.h"
#include "run/run_directory.h"

namespace cvtool {
namespace {

// Appends what a model said of its fold to what the others said of theirs.
void append(Outputs& all, const Outputs& fold) {
  const auto had = static_cast<double>(all.predictions.count()), more = static_cast<double>(fold.predictions.count());
  all.loss = (all.loss * had + fold.loss * more) / (had + more);
  all.decode = fold.decode;
  const auto extend = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  extend(all.paths, fold.paths);
  extend(all.predictions.labels, fold.predictions.labels);
  extend(all.predictions.probabilities, fold.predictions.probabilities);
  extend(all.predictions.distribution, fold.predictions.distribution);
  all.predictions.classes = fold.predictions.classes;
}

template <class T>
std::vector<T> in_rows(const std::vector<T>& values, const std::vector<size_t>& order, size_t width) {
  std::vector<T> out;
  if (values.empty()) return out;
  out.reserve(values.size());
  for (const size_t row : order)
    for (size_t i = 0; i < width; ++i) out.push_back(values[row * width + i]);
  return out;
}

// By path, as a store has its photos.
Outputs sorted(const Outputs& all) {
  std::vector<size_t> order(all.paths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return all.paths[a] < all.paths[b]; });
  const auto classes = static_cast<size_t>(all.predictions.classes);
  Outputs out = all;
  out.paths = in_rows(all.paths, order, 1);
  out.predictions.labels = in_rows(all.predictions.labels, order, 1);
  out.predictions.probabilities = in_rows(all.predictions.probabilities, order, classes);
  out.predictions.distribution = in_rows(all.predictions.distribution, order, classes);
  return out;
}

void judge_folds(TrainResult& result) {
  std::vector<double> accuracies;
  for (const FoldResult& fold : result.folds) accuracies.push_back(fold.accuracy);
  const auto [mean, spread] = mean_and_spread(accuracies);
  result.fold_mean = mean, result.fold_spread = spread;
}

class FoldTrainings {
 public:
  FoldTrainings(const PlannedTraining& planned, Observer& observer)
      : planned_(planned), observer_(observer), reuse_(photos_of(planned.plan), planned.plan.request.run) {
    const TrainRequest& request = planned.request;
    result_.run = make_run_directory(request.project, request.name);
    result_.seed = planned.plan.recipe.train.seed;
  }

  TrainResult run() {
    const int64_t folds = planned_.plan.recipe.data.folds;
    for (int64_t fold = 1; fold <= folds; ++fold) {
      spdlog::info("fold {} of {}", fold, folds);
      if (!train(fold)) return result_;
    }
    judge_folds(result_);
    write();
    return result_;
  }

 private:
  // All that a fold may ask for: what is not for testing.
  static std::vector<Sample> photos_of(const TrainPlan& plan) {
    DataConfig config = plan.recipe.data;
    config.fold = 1;
    Dataset dataset = find_dataset(plan.request.data, config, static_cast<uint64_t>(plan.recipe.train.seed));
    dataset.test.clear();
    return dataset.all();
  }

  // False where it was interrupted, or its time was over before there was a model.
  bool train(int64_t fold) {
    TrainRequest request = planned_.request;
    request.overrides["data"]["fold"] = fold;
    request.project = result_.run;
    request.name = "fold-" + std::to_string(fold);
    const Pace pace(request.budget_minutes, nullptr, &reuse_);
    const TrainedOnce trained = train_once({request, plan_training(request)}, pace, observer_);
    const TrainResult& one = trained.result;
    result_.best_epoch = one.best_epoch;
    result_.chosen = one.chosen;
    result_.epochs += one.epochs;
    result_.seconds += one.seconds;
    if (!one.metrics.is_object()) {
      result_.interrupted = one.interrupted;
      result_.resume = one.resume;
      result_.notes = one.notes;
      return false;
    }
    const std::vector<BadFile>& skipped = trained.subject.skipped;
    if (all_.paths.empty())
      subject_ = trained.subject;
    else
      subject_.skipped.insert(subject_.skipped.end(), skipped.begin(), skipped.end());
    append(all_, trained.outputs);
    result_.folds.push_back({one.run, trained.outputs.predictions.count(), *one.accuracy.value});
    return true;
  }

  void write() {
    const std::string figures = counted(static_cast<int64_t>(result_.folds.size()), "fold") + ": accuracy " +
                                fixed(result_.fold_mean, 4) + " +- " + fixed(result_.fold_spread, 4) +
                                " (mean and standard deviation)";
    subject_.split = "out of fold";
    subject_.duplicates = {};
    subject_.heat = {};
    subject_.notes.insert(subject_.notes.begin(), figures + "; each photo is judged by the model that has not seen it");
    Evaluation evaluation = evaluate(subject_, sorted(all_));
    Json folds = Json::array();
    for (const FoldResult& fold : result_.folds)
      folds.push_back({{"run", fold.run}, {"photos", fold.photos}, {"accuracy", fold.accuracy}});
    evaluation.document["folds"] = {{"mean", result_.fold_mean}, {"spread", result_.fold_spread}, {"runs", folds}};
    write_out_of_fold(result_.run, subject_, evaluation);
    result_.metrics = evaluation.document["metrics"];
    result_.accuracy = measured(evaluation, "accuracy");
    result_.loss = evaluation.outputs.loss;
  }

  const PlannedTraining& planned_;
  Observer& observer_;
  Reuse reuse_;
  TrainResult result_;
  EvaluationSubject subject_;  // of the first fold, with all that were skipped
  Outputs all_;
};

}  // namespace

TrainResult train_folds(const PlannedTraining& planned, Ranks* ranks, Observer& observer) {
  if (ranks)
    throw UsageError(
        "--folds: several processes share one training only; start it in one process, or each fold by "
        "itself with --fold");
  if (planned.request.resumes)
    throw UsageError(
        "--folds: a training that was stopped goes on by itself, with --resume RUN and without --folds; "
        "folds that are not begun are trained with --folds K --fold I");
  check_output_folder("--project", planned.plan.request.project, planned.plan.dataset);
  return FoldTrainings(planned, observer).run();
}

}  // namespace cvtool
