#include "engine/training_data.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "data/leakage.h"

namespace cvtool {

TrainingData open_training_data(const TrainRequest& request, Recipe& recipe, Observer& observer) {
  TrainingData data;
  data.found = find_dataset(request.data, recipe.data, static_cast<uint64_t>(recipe.train.seed));
  recipe.data.classes = data.found.classes;
  for (const std::string& note : data.found.notes) spdlog::warn("{}", note);
  // In proportion to the photos, so that the budget holds all of them or none.
  const auto photos = static_cast<double>(std::max<size_t>(1, data.found.train.size() + data.found.valid.size()));
  const double train_share = static_cast<double>(data.found.train.size()) / photos;
  data.train =
      open_split({data.found.root, "train", data.found.train, train_share}, recipe.data, request.run, observer);
  data.valid =
      open_split({data.found.root, "valid", data.found.valid, 1 - train_share}, recipe.data, request.run, observer);
  if (!data.train.store) throw DataError(request.data + ": no photos are left to train on; lower --valid and --test");
  const std::string leakage = leakage_text(copies_in_training(data.train, data.valid), "valid");
  if (!leakage.empty()) spdlog::warn("{}", leakage);
  const size_t held_back = data.valid.store ? data.valid.store->samples().size() : 0;
  spdlog::info("{}: {} and {} of {}: {}", request.data,
               counted(static_cast<int64_t>(data.train.store->samples().size()), "training photo"),
               counted(static_cast<int64_t>(held_back), "validation photo"),
               counted(static_cast<int64_t>(data.found.classes.size()), "class"), join(data.found.classes, ", "));
  return data;
}

Json training_data_json(const TrainingData& data) {
  return {{"root", data.found.root},
          {"layout", data.found.layout},
          {"classes", data.found.classes},
          {"digest", data.train.store->digest()},
          {"train", split_json(data.train, data.found.classes)},
          {"valid", split_json(data.valid, data.found.classes)},
          {"notes", data.found.notes}};
}

double majority_share(const TrainingData& data) {
  const std::vector<Sample>& samples = data.train.store->samples();
  std::vector<int64_t> counts(data.found.classes.size());
  for (const Sample& sample : samples) ++counts.at(static_cast<size_t>(sample.label));
  return static_cast<double>(*std::max_element(counts.begin(), counts.end())) / static_cast<double>(samples.size());
}

}  // namespace cvtool
