#include "train/phases.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/refusal.h"
#include "base/text.h"
#include "data/balanced.h"
#include "model/stages.h"
#include "torch/device.h"
#include "train/frozen_net.h"
#include "train/kept_features.h"
#include "train/probe/probe_phase.h"

namespace cvtool {
namespace {

using Module = torch::jit::Module;

std::vector<at::Tensor> trainable(const Module& module) {
  std::vector<at::Tensor> out;
  for (const at::Tensor& parameter : module.parameters())
    if (parameter.requires_grad()) out.push_back(parameter);
  return out;
}

// All that training changes, by name: parameters that have gradients, and batch statistics; the backbone's only where
// they move.
NamedTensors trained_weights(const Module& net, bool backbone_statistics) {
  NamedTensors weights;
  for (const auto& parameter : net.named_parameters())
    if (parameter.value.requires_grad()) weights.emplace_back(parameter.name, parameter.value);
  for (const auto& buffer : net.named_buffers())
    if (backbone_statistics || !starts_with(buffer.name, "base.")) weights.emplace_back(buffer.name, buffer.value);
  return weights;
}

// The head learns at the run's rate, the backbone at its own.
std::vector<ParameterGroup> groups_of(const PhaseInputs& in, const Unfrozen& unfrozen) {
  constexpr double kBackboneRate = 0.1;  // of the run's
  std::vector<ParameterGroup> groups{{trainable(in.net.module.attr("head").toModule())}};
  if (unfrozen.parameters.empty()) return groups;
  const double lr = in.recipe.transfer.fine_tune_lr;
  groups.push_back({unfrozen.parameters, lr > 0 ? lr / in.recipe.train.lr : kBackboneRate});
  spdlog::info("fine-tuning {} of the backbone, from {} on",
               counted(static_cast<int64_t>(unfrozen.names.size()), "tensor"), unfrozen.names.front());
  return groups;
}

TrainingPhase with_backbone(const PhaseInputs& in, const std::string& fine_tune, bool probe = false) {
  const CutNet net = cut_net(in, fine_tune);
  TrainingPhase phase;
  phase.groups = groups_of(in, net.unfrozen);
  if (in.kept) *in.kept = {};  // the former phase's need not stay beside these
  std::shared_ptr<const FeatureStore> features;
  if (probe)
    features = solve_by_probe(in, net, phase);
  else if (net.frozen.empty())
    use_pixels(in, phase);
  else
    features = use_features(in, frozen_modules(net), phase);
  if (in.kept && fine_tune == "none") *in.kept = {features, net.still.size()};
  phase.stages = net.trained;
  // What a foreign backbone does in training is its own.
  phase.whole_batches = net.backbone_statistics;
  phase.weights = trained_weights(in.net.module, net.backbone_statistics);
  phase.set_training = [net = in.net.module, norms = net.backbone_statistics](bool training) {
    net.attr("base").toModule().train(training && norms);
    net.attr("head").toModule().train(training);
  };
  return phase;
}

TrainingPhase whole_net(const PhaseInputs& in) {
  TrainingPhase phase;
  use_pixels(in, phase);
  phase.stages = {in.net.module.attr("preprocess").toModule(), in.net.module.attr("head").toModule()};
  phase.set_training = [module = in.net.module](bool training) mutable { module.train(training); };
  phase.groups = {{trainable(in.net.module)}};
  phase.weights = trained_weights(in.net.module, false);
  return phase;
}

}  // namespace

EpochOrder training_order(const std::vector<Sample>& samples, const TrainConfig& config) {
  const auto order = config.sampler == "balanced" ? balanced : shuffled;
  return [&samples, order, seed = static_cast<uint64_t>(config.seed)](int64_t epoch) {
    return order(samples, seed, static_cast<uint64_t>(epoch));
  };
}

void check_transfer(const TransferConfig& config, const Net& net) {
  if (config.fine_tune == "none") return;
  if (!net.module.hasattr("base")) throw UsageError("--fine-tune: the net has no backbone; name one with --base");
  Module backbone = net.module.attr("base").toModule();
  unfreeze(backbone, config.fine_tune, config.fine_tune_norms);
}

void settle_probe(Recipe& recipe) {
  if (!recipe.transfer.probe || recipe.transfer.fine_tune != "none" || recipe.train.epochs == 1) return;
  spdlog::info("probe: the head is fitted in one epoch, so epochs is 1 and not {}", recipe.train.epochs);
  recipe.train.epochs = 1;
}

bool depends_on_threads(const TransferConfig& config) { return config.fine_tune != "none" && config.fine_tune_norms; }

std::string training_trouble(const Net& net, const at::Tensor& pixels, at::ScalarType precision) {
  Module module = net.module;
  module.eval();
  std::string trouble;
  try {
    const Autocast autocast(pixels.device(), precision);
    module.get_method("logits")({pixels.detach().requires_grad_()}).toTensor().sum().backward();
  } catch (const c10::Error& error) {
    if (refused_by_machine(error)) throw;
    trouble = error.what_without_backtrace();
  }
  for (at::Tensor parameter : module.parameters()) parameter.mutable_grad() = at::Tensor();
  return trouble.substr(0, trouble.find('\n'));
}

KeptFeatures kept_features(const PhaseInputs& inputs) {
  if (!inputs.net.module.hasattr("base") || inputs.recipe.transfer.fine_tune != "none") return {};
  const CutNet net = cut_net(inputs, "none");
  return {unfilled_features(inputs, frozen_modules(net)), net.still.size()};
}

std::vector<PhasePlan> training_phases(const PhaseInputs& inputs) {
  const TransferConfig& config = inputs.recipe.transfer;
  if (!inputs.net.module.hasattr("base")) return {{1, [inputs] { return whole_net(inputs); }}};
  std::vector<PhasePlan> phases;
  const int64_t frozen_epochs = config.fine_tune == "none" ? inputs.recipe.train.epochs
                                : config.probe             ? 1
                                                           : config.freeze_epochs;
  if (frozen_epochs > 0)
    phases.push_back(
        {1, [inputs] { return with_backbone(inputs, "none", inputs.recipe.transfer.probe); }, config.probe});
  if (config.fine_tune != "none")
    phases.push_back({frozen_epochs + 1, [inputs] { return with_backbone(inputs, inputs.recipe.transfer.fine_tune); }});
  return phases;
}

}  // namespace cvtool
