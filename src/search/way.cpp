#include "search/way.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.h"

namespace cvtool {
namespace {

// A head that is solved would lose what it has by larger steps, so it is given the backbone's.
constexpr double kRateFromScratch = 1e-3, kRateOfFineTuning = 2e-4;

bool holds_only(const Json& overrides, const char* section, const std::vector<std::string>& keys) {
  const Json given = overrides.value(section, Json::object());
  return std::all_of(given.items().begin(), given.items().end(),
                     [&](const auto& item) { return std::find(keys.begin(), keys.end(), item.key()) != keys.end(); });
}

Json augment_of(const Way& way) {
  Json steps = Json::array();
  if (way.mirrored) steps.push_back({{"kind", "random_flip"}, {"mode", "horizontal"}});
  if (!way.varied) return steps;
  // Behind a pretrained backbone less is changed: what it looks for is to stay in the picture.
  constexpr double kLeastArea = 0.4, kLeastAreaOnBackbone = 0.6;
  const bool scratch = way.backbone.empty();
  steps.push_back({{"kind", "random_resized_crop"}, {"min_area", scratch ? kLeastArea : kLeastAreaOnBackbone}});
  if (scratch) steps.push_back({{"kind", "randaugment"}});
  return steps;
}

Json training_of_way(const Way& way) {
  const bool probe = !way.backbone.empty();
  if (probe && way.fine_tune == "none") return {{"epochs", 1}, {"monitor", "none"}};
  Json train{{"epochs", way.epochs + (probe ? 1 : 0)}, {"monitor", "none"}};
  train["optimizer"] = "adamw";
  train["lr"] = probe ? kRateOfFineTuning : kRateFromScratch;
  train["weight_decay"] = 0.01;
  train["schedule"] = "cosine";
  constexpr int64_t kLongTraining = 10;
  train["warmup"] = way.epochs >= kLongTraining ? 2.0 : 0.5;
  return train;
}

Json transfer_of(const Way& way) {
  if (way.backbone.empty()) return Json::object();
  Json transfer{{"probe", true}, {"probe_l2", way.probe_l2}};
  if (way.fine_tune == "none") {
    transfer["feature_cache"] = "disk";  // a later run of the same photos finds them
    return transfer;
  }
  transfer["fine_tune"] = way.fine_tune;
  transfer["fine_tune_lr"] = kRateOfFineTuning;
  return transfer;
}

}  // namespace

TrainRequest with_way(const TrainRequest& request, const Way& way) {
  Json said{{"train", training_of_way(way)},
            {"transfer", transfer_of(way)},
            // What lies between the pixels of a large photo counts too, as it did when backbones were trained.
            {"data", {{"interpolation", "bilinear_antialias"}}},
            {"augment", augment_of(way)}};
  if (way.imgsz > 0) said["data"]["imgsz"] = way.imgsz;
  for (const auto& [section, values] : request.overrides.items()) {
    if (values.is_object() && said.contains(section))
      said[section].update(values);
    else
      said[section] = values;
  }
  TrainRequest out = request;
  out.overrides = said;
  return out;
}

bool is_open(const TrainRequest& request) {
  const Json& given = request.overrides;
  return request.recipe.empty() && request.from.empty() && !request.resumes && !given.contains("augment") &&
         holds_only(given, "model", {"base"}) && holds_only(given, "transfer", {}) &&
         holds_only(given, "train", {"seed", "batch", "precision", "class_weights", "label_smoothing"});
}

std::string way_text(const Way& way) {
  std::string text = way.backbone.empty() ? "a net from scratch" : "the head's optimum on frozen " + way.backbone;
  if (way.fine_tune == "all") text = "fine-tuning all of " + way.backbone;
  if (way.fine_tune != "none" && way.fine_tune != "all")
    text = "fine-tuning the last " + way.fine_tune + " layers of " + way.backbone;
  if (way.imgsz > 0) text += ", " + std::to_string(way.imgsz) + " px";
  if (way.mirrored) text += ", mirrored too";
  if (way.backbone.empty() || way.fine_tune != "none") text += ", " + counted(way.epochs, "epoch");
  return text;
}

}  // namespace cvtool
