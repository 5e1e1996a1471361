#include "standin/runs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/compile.h"
#include "torch/device.h"

namespace cvtool {

void StepCounter::progress(const Progress& progress) {
  const bool trains = progress.phase.rfind("Epoch ", 0) == 0 || progress.phase == "Trying learning rates";
  steps_ += trains;
  const standin::Counts now = standin::counted();
  if (progress.phase == phase_ && trains) steps.push_back(now - last_);
  if (progress.phase == phase_ && phase_ == "Validating") validations.push_back(now - last_);
  phase_ = progress.phase;
  last_ = now;
}

StepTable table_of(const std::vector<standin::Counts>& steps) {
  StepTable table;
  for (const standin::Counts& step : steps) {
    table.least_to_device = table.steps == 0 ? step.to_device : std::min(table.least_to_device, step.to_device);
    table.most_to_device = std::max(table.most_to_device, step.to_device);
    table.most_kernels = std::max(table.most_kernels, step.kernels);
    table.most_waits = std::max(table.most_waits, step.waits());
    table.readings += step.waits() > 0;
    table.waits += step.waits();
    table.races += step.races;
    ++table.steps;
    for (const auto& [name, count] : step.reads) table.reads[name] += count;
  }
  return table;
}

std::string text_of(const StepTable& table) {
  std::string reads;
  for (const auto& [name, count] : table.reads) reads += ", " + name + " " + std::to_string(count) + " times";
  return std::to_string(table.steps) + " steps, in " + std::to_string(table.readings) + " the host waits (" +
         std::to_string(table.waits) + " times in all, at most " + std::to_string(table.most_waits) + "), " +
         std::to_string(table.least_to_device) + " to " + std::to_string(table.most_to_device) +
         " copies to the device, up to " + std::to_string(table.most_kernels) + " kernels" + reads;
}

Workshop::Workshop() {
  standin::make_known();
  StepCounter quiet;
  DrawnSetOptions drawn;
  drawn.train_per_class = 160, drawn.valid_per_class = 12, drawn.test_per_class = 8, drawn.size = {32, 32};
  sample_job(photos, drawn, quiet);
  const Json layers = Json::parse(R"([
      {"kind": "conv2d", "filters": 8, "strides": 2, "padding": "same"}, {"kind": "batch_norm", "activation": "relu"},
      {"kind": "conv2d", "filters": 12, "strides": 2, "padding": "same"}, {"kind": "batch_norm", "activation": "relu"}])");
  Json spec{{"layers", layers}};
  spec["layers"].push_back({{"kind", "global_avg_pool2d"}});
  spec["layers"].push_back({{"kind", "dense"}, {"units", 12}, {"activation", "relu"}});
  spec["layers"].push_back({{"kind", "dense"}});
  const Net net = compile_net(spec, {{32, 32}, 2, 1});
  torch::jit::Module base = net.module.attr("head").toModule().deepcopy();
  base.eval();
  base.save(backbone);
}

const Workshop& Workshop::get() {
  static const Workshop workshop;
  return workshop;
}

TrainRequest Workshop::training(const std::string& name, const Json& recipe, const std::string& device) const {
  TrainRequest request;
  request.data = photos;
  request.recipe = scratch.write(name + ".json", recipe.dump());
  request.project = scratch / "runs";
  request.name = name;
  request.run.device = device;
  request.run.workers = 1;
  request.run.threads = 1;
  request.offline = true;
  return request;
}

Json small_net() {
  return Json::parse(R"({
    "name": "small", "data": {"imgsz": 32},
    "model": {"layers": [
      {"kind": "conv2d", "filters": 8, "strides": 2, "padding": "same", "bias": false},
      {"kind": "batch_norm", "momentum": 0.8, "activation": "relu"},
      {"kind": "max_pool2d"}, {"kind": "dropout", "rate": 0.1}, {"kind": "flatten"}, {"kind": "dense"}]},
    "train": {"epochs": 2, "batch": 16, "lr": 0.01, "precision": "fp32"}})");
}

Json on_backbone() {
  Json recipe = small_net();
  recipe["model"] = {{"base", Workshop::get().backbone},
                     {"preprocess", "none"},
                     {"layers", {{{"kind", "dropout"}, {"rate", 0.1}}, {{"kind", "dense"}}}}};
  return recipe;
}

Json with(Json recipe, const Json& more) {
  recipe.merge_patch(more);
  return recipe;
}

}  // namespace cvtool
