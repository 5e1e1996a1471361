#include "run/training_data.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "data/leakage.h"
#include "run/reuse.h"
#include "run/share.h"

namespace cvtool {

namespace {

constexpr size_t kMostNamed = 20;

// The classes of which there was something to be read, or nobody has said that there is nothing, and of which no photo
// has come.
std::vector<std::string> missing_classes(const TrainPlan& plan, const std::vector<Sample>& found,
                                         const OpenedSplit& opened) {
  const size_t classes = plan.dataset.classes.size();
  const std::vector<int64_t> listed = counts_by_label(found, classes);
  const std::vector<int64_t> read = counts_by_label(opened.store->samples(), classes);
  std::vector<std::string> missing;
  for (size_t i = 0; i < classes; ++i)
    if (read[i] == 0 && (listed[i] > 0 || !plan.dataset.names_splits)) missing.push_back(plan.dataset.classes[i]);
  return missing;
}

void warn_of_missing_classes(const TrainPlan& plan, const TrainingData& data) {
  const auto untrained = missing_classes(plan, plan.dataset.train, data.train);
  if (!untrained.empty())
    spdlog::warn("no training photo can be read of {}: the model will never name it",
                 printable(named_list(untrained, kMostNamed)));
  if (!data.valid.store) return;
  const auto unmeasured = missing_classes(plan, plan.dataset.valid, data.valid);
  if (!unmeasured.empty())
    spdlog::warn("validation has no photo of {}: its figures say nothing of that",
                 printable(named_list(unmeasured, kMostNamed)));
}

void say_what_there_is(const TrainPlan& plan, const TrainingData& data) {
  const std::string leakage = leakage_text(duplicates_in_training(data.train, data.valid), "valid");
  if (!leakage.empty()) spdlog::warn("{}", leakage);
  const std::string held_back =
      data.calibration.store ? " (" + with_thousands(data.calibration.count()) + " more held back for calibration)"
                             : "";
  spdlog::info("{}: {} and {} of {}: {}{}", plan.request.data, counted(data.train.count(), "training photo"),
               counted(data.valid.count(), "validation photo"), counted(plan.classes(), "class"),
               printable(named_list(plan.dataset.classes, kMostNamed)), held_back);
  warn_of_missing_classes(plan, data);
}

}  // namespace

TrainingData open_training_data(const TrainPlan& plan, Observer& observer, bool told) {
  const Dataset& found = plan.dataset;
  if (!told) log_notes(found);
  // In proportion to the photos, so that the budget holds all of them or none.
  const auto total = static_cast<double>(found.train.size() + found.valid.size() + found.calibration.size());
  const auto share = [&](const std::vector<Sample>& samples) { return static_cast<double>(samples.size()) / total; };
  const SharedReading shared = reading_of(plan.ranks);
  TrainingData data;
  const auto open = [&](const std::string& name, const std::vector<Sample>& samples) {
    if (plan.reuse) return plan.reuse->part({found.root, name, samples, 1, told}, plan.recipe.data, observer);
    return open_split({found.root, name, samples, share(samples), told, shared}, plan.recipe.data, plan.request.run,
                      observer);
  };
  data.train = open("train", found.train);
  data.valid = open("valid", found.valid);
  data.calibration = open("calibration", found.calibration);
  if (!told) say_what_there_is(plan, data);
  return data;
}

Json training_data_json(const Dataset& dataset, const TrainingData& data) {
  Json json{{"root", dataset.root},
            {"layout", dataset.layout},
            {"classes", dataset.classes},
            {"digest", data.train.store->digest()},
            {"train", split_json(data.train, dataset.classes)},
            {"valid", split_json(data.valid, dataset.classes)},
            {"notes", dataset.notes}};
  if (data.calibration.store) json["calibration"] = split_json(data.calibration, dataset.classes);
  return json;
}

double majority_fraction(const TrainingData& data, size_t classes) {
  const std::vector<int64_t> counts = counts_by_label(data.train.store->samples(), classes);
  return static_cast<double>(*std::max_element(counts.begin(), counts.end())) / static_cast<double>(data.train.count());
}

}  // namespace cvtool
