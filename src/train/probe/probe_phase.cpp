#include "train/probe/probe_phase.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "torch/graph.h"
#include "torch/lanes.h"
#include "train/losses.h"

namespace cvtool {
namespace {

using HeadModule = torch::jit::Module;

// A head that a probe can stand for: layers that only reshape, pool or drop, then one dense layer.
struct LinearHead {
  std::vector<HeadModule> before;  // in evaluation mode they have nothing to train and nothing that moves
  at::Tensor weight, bias;         // [units,D], [units]; of the net itself
};

bool has_no_state(const HeadModule& module) { return module.parameters().size() + module.buffers().size() == 0; }

bool is_dense(const HeadModule& module) {
  if (!module.hasattr("weight") || !module.hasattr("bias") || module.parameters().size() != 2) return false;
  const auto nodes = nodes_of(module);
  return std::all_of(nodes.begin(), nodes.end(), [](const torch::jit::Node* node) {
    return node->kind() == c10::prim::GetAttr || node->kind() == c10::prim::Constant ||
           node->kind() == c10::aten::linear;
  });
}

std::optional<LinearHead> linear_head(const Net& net) {
  const std::vector<Stage> layers = stages_of(net.module.attr("head").toModule());
  LinearHead head;
  if (!is_dense(layers.back().module)) return std::nullopt;
  head.weight = layers.back().module.attr("weight").toTensor();
  head.bias = layers.back().module.attr("bias").toTensor();
  for (size_t i = 0; i + 1 < layers.size(); ++i) {
    if (!has_no_state(layers[i].module)) return std::nullopt;
    head.before.push_back(layers[i].module);
  }
  return head;
}

LinearHead linear_head_of(const Net& net) {
  if (auto head = linear_head(net)) return *head;
  throw UsageError(
      "--probe: the head must be layers without anything to train (pooling, flatten, dropout) and then one dense layer "
      "with a bias, such as --head global_avg,dense; or leave --probe out");
}

std::vector<double> class_weights_of(const Recipe& recipe, const std::vector<Sample>& samples) {
  at::Tensor weights = class_weights_tensor(recipe.train.class_weights, recipe.data.classes, samples);
  if (recipe.train.sampler == "balanced") {
    const at::Tensor even = balancing_weights(counts_by_label(samples, recipe.data.classes.size()));
    weights = weights.defined() ? weights * even : even;
  }
  if (!weights.defined()) return {};
  const at::Tensor exact = weights.to(at::kDouble).contiguous();
  return {exact.data_ptr<double>(), exact.data_ptr<double>() + exact.numel()};
}

// What is behind the kept features and before the dense layer, as the model at work has it.
std::vector<HeadModule> rest_of(const LinearHead& head, const CutNet& net) {
  const auto kept = static_cast<std::ptrdiff_t>(net.still.size());
  if (head.before.begin() + kept == head.before.end()) return {};
  return {frozen_stages({head.before.begin() + kept, head.before.end()})};
}

ProbeData data_from(const FeatureStore& store, const std::vector<HeadModule>& rest) {
  constexpr size_t kPhotos = 256;
  const std::vector<Sample>& samples = store.photos().samples();
  const int64_t forms = store.options().variants.count;
  std::vector<size_t> order = in_order(samples.size());
  std::vector<int64_t> labels;
  ProbeData data;
  int64_t kept = 0;
  for (size_t begin = 0; begin < order.size(); begin += kPhotos) {
    const Lane lane;
    const at::NoGradGuard no_grad;
    FeatureStore::Forms block = store.all_forms(slice(order, begin, kPhotos));
    const auto count = static_cast<int64_t>(block.rows.size());
    if (count == 0) continue;
    for (HeadModule module : rest) block.x = module.forward({block.x}).toTensor();
    const at::Tensor rows = block.x.to(at::kCPU).reshape({count, forms, -1});
    if (!data.features.defined())
      data.features = at::empty({static_cast<int64_t>(order.size()), forms, rows.size(2)}, at::kFloat);
    data.features.narrow(0, kept, count).copy_(rows);
    kept += count;
    for (const size_t row : block.rows) {
      labels.push_back(samples[row].label);
      data.ids.push_back(samples[row].id);
    }
  }
  if (kept == 0) throw DataError("no photo is left to train on");
  data.features = data.features.narrow(0, 0, kept);
  data.labels = at::tensor(labels, at::kLong);
  return data;
}

Probe solved(const ProbeData& data, ProbeOptions options) {
  if (options.l2 == 0) {
    const CrossValidation found = cross_validate(data, options);
    options.l2 = found.l2;
    spdlog::info("probe: L2 {} chosen by {}-fold cross-validation, out-of-fold accuracy {}", number_text(found.l2),
                 found.folds, fixed(found.accuracy, 4));
  }
  return fit_probe(data, options);
}

// The training's own figures of the head as it now is, over all forms.
RunningSums figures_of(const PhaseInputs& in, const ProbeData& data, const LinearHead& head) {
  constexpr int64_t kPhotos = 1024;
  const Lane lane;
  const at::NoGradGuard no_grad;
  const TrainConfig& config = in.recipe.train;
  const TrainingLoss loss{config.loss, config.label_smoothing, config.focal_gamma,
                          class_weights_tensor(config.class_weights, in.recipe.data.classes, in.train.samples())};
  const at::Tensor weight = head.weight.detach().to(at::kCPU).t(), bias = head.bias.detach().to(at::kCPU);
  const int64_t photos = data.features.size(0), forms = data.features.size(1);
  RunningSums sums;
  for (int64_t begin = 0; begin < photos; begin += kPhotos) {
    const int64_t count = std::min(kPhotos, photos - begin);
    const at::Tensor x = data.features.narrow(0, begin, count).reshape({count * forms, -1});
    const at::Tensor labels = data.labels.narrow(0, begin, count).repeat_interleave(forms);
    const at::Tensor logits = at::addmm(bias, x, weight);
    sums.add(training_loss(loss, logits, labels).item<double>(),
             correct_from_logits(logits, labels).item<double>() / static_cast<double>(forms), count);
  }
  return sums;
}

void check_augmentation(const Recipe& recipe) {
  const auto forms =
      feature_variants_of(recipe.augment, static_cast<uint64_t>(recipe.train.seed), recipe.transfer.augment_views);
  if (forms.count > 0) return;
  throw UsageError("--probe: the head is fitted to each photo's few forms, and " + augment_text(recipe.augment) +
                   " gives every photo new ones without end; take --augment none or flip=horizontal" +
                   (recipe.transfer.augment_views == 0 ? ", or keep some with --augment-views N" : ""));
}

}  // namespace

ProbeOptions probe_options(const PhaseInputs& in) {
  ProbeOptions options;
  options.classes = in.classes;
  options.class_weights = class_weights_of(in.recipe, in.train.samples());
  options.label_smoothing = in.recipe.train.label_smoothing;
  options.l2 = in.recipe.transfer.probe_l2;
  options.units = in.net.units;
  options.observer = &in.observer;
  return options;
}

void check_probe(const Recipe& recipe, const Net& net) {
  const TransferConfig& config = recipe.transfer;
  if (!config.probe && config.probe_l2 > 0)
    throw UsageError("--probe-l2 is the penalty of a probe; give --probe too, or leave it out");
  if (!config.probe) return;
  if (!net.module.hasattr("base"))
    throw UsageError("--probe: the net has no backbone whose features a head could be fitted to; name one with --base");
  linear_head_of(net);
  if (recipe.train.loss == "focal" || (recipe.train.loss == "binary_crossentropy" && net.units > 1))
    throw UsageError("--probe: a head is fitted to the cross-entropy, not to the loss " + recipe.train.loss +
                     "; leave --loss out, or --probe");
  if (config.fine_tune == "none") return check_augmentation(recipe);
  if (config.freeze_epochs > 1)
    throw UsageError("--freeze-epochs " + std::to_string(config.freeze_epochs) +
                     ": with --probe the first epoch is the frozen one, and the second fine-tunes; leave it out");
  if (recipe.train.epochs < 2)
    throw UsageError(
        "--epochs 1: with --probe the first epoch fits the head, and --fine-tune begins with the second; take 2 or "
        "more, "
        "or leave --fine-tune out");
}

ProbeData probe_data(const PhaseInputs& inputs) {
  const CutNet net = cut_net(inputs, "none");
  return data_from(*keep_features(inputs, frozen_modules(net)), rest_of(linear_head_of(inputs.net), net));
}

std::shared_ptr<const FeatureStore> solve_by_probe(const PhaseInputs& in, const CutNet& net, TrainingPhase& phase) {
  const LinearHead head = linear_head_of(in.net);
  const auto store = keep_features(in, frozen_modules(net), &phase);
  phase.solve = [in, head, store, rest = rest_of(head, net)] {
    const at::NoGradGuard no_grad;
    const ProbeData data = data_from(*store, rest);
    const Probe probe = solved(data, probe_options(in));
    head.weight.detach().copy_(probe.weight);
    head.bias.detach().copy_(probe.bias);
    return figures_of(in, data, head);
  };
  return store;
}

}  // namespace cvtool
