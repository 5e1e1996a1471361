#include "train/phases.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "augment/augment.h"
#include "base/error.h"
#include "base/text.h"
#include "data/balanced.h"
#include "model/fast_module.h"
#include "model/net_batch.h"
#include "model/stages.h"
#include "torch/lanes.h"
#include "train/feature_store.h"
#include "train/pixel_source.h"

namespace cvtool {
namespace {

using Module = torch::jit::Module;

EpochOrder order_of_files(const PhotoStore& store) {
  return [&store](int64_t) { return in_order(store.samples().size()); };
}

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

// What is made of pixels before the trained part of the net; empty: nothing.
struct FrozenParts {
  FrozenPart train, valid;
};

void use_pixels(const PhaseInputs& in, TrainingPhase& phase, const FrozenParts& frozen = {}) {
  PixelSourceOptions options;
  options.ahead = !depends_on_threads(in.recipe.transfer);
  options.batch = in.recipe.train.batch;
  options.device = in.device;
  if (!in.recipe.augment.empty())
    options.augmenter =
        std::make_shared<Augmenter>(in.recipe.augment, static_cast<uint64_t>(in.recipe.train.seed), in.classes);
  if (in.valid) {
    options.order = order_of_files(*in.valid);
    options.frozen = frozen.valid;
    phase.valid = pixel_source(*in.valid, options);
  }
  options.training = true;
  options.profile = in.profile;
  options.frozen = frozen.train;
  options.order = training_order(in.train.samples(), in.recipe.train);
  phase.train = pixel_source(in.train, options);
}

std::string name_of(const std::vector<Module>& modules, at::Device device, at::ScalarType precision) {
  std::string name;
  for (const Module& module : modules) {
    std::ostringstream bytes;
    Module on_cpu = module.deepcopy();
    on_cpu.to(at::kCPU);
    on_cpu.save(bytes);
    name += hex_text(content_hash(bytes.str())) + ' ';
  }
  return name + c10::toString(precision) + ' ' + device.str();
}

// Frozen modules as a function of the pixels, computed in `precision`, one after the other and each on float32 values.
FrozenPart frozen_part(const std::vector<Module>& modules, at::Device device, at::ScalarType precision) {
  std::vector<Module> packed;
  for (const Module& module : modules)
    packed.push_back(packed_module(module, device, precision).value_or(rounded_module(module, precision)));
  return [packed, device, precision](const at::Tensor& pixels) {
    const at::NoGradGuard no_grad;
    const Autocast autocast(device, precision);
    at::Tensor x = pixels.to(device).contiguous(at::MemoryFormat::ChannelsLast);
    for (Module module : packed) x = module.forward({x}).toTensor().to(at::kFloat);
    return x;
  };
}

// The same by batches of `rows`: a photo's features do not depend on the photos beside it.
FrozenPart by_itself(FrozenPart frozen, at::Device device, int64_t rows) {
  return [frozen = std::move(frozen), device, rows](const at::Tensor& pixels) {
    return in_lanes(pixels.to(device), rows, frozen);
  };
}

// Photos of a batch for the frozen part. They are computed in passes over all photos: no single one waits for a batch.
int64_t frozen_rows(const std::vector<Module>& modules, at::Device device) {
  constexpr int64_t kRows = 8, kRowsOnGpu = 64;
  if (!device.is_cpu()) return kRowsOnGpu;
  int64_t rows = kRows;
  for (const Module& module : modules) rows = std::min(rows, batch_rows(module, kRows));
  return rows;
}

std::shared_ptr<FeatureStore> filled_store(const PhaseInputs& in, const PhotoStore& photos, FeatureOptions options) {
  const auto start = std::chrono::steady_clock::now();
  auto store = std::make_shared<FeatureStore>(photos, std::move(options));
  store->fill(in.observer);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::string forms =
      store->options().variants.count > 1 ? " in " + std::to_string(store->options().variants.count) + " forms" : "";
  const auto count = static_cast<int64_t>(photos.samples().size());
  if (store->computed() == 0)
    spdlog::info("features of {}{} found in the cache ({} MB)", counted(count, "photo"), forms,
                 store->bytes() / 1'000'000);
  else
    spdlog::info("features of {}{} computed once in {} ({} MB); epochs start from them", counted(count, "photo"), forms,
                 duration_text(seconds), store->bytes() / 1'000'000);
  return store;
}

// Epochs start from features, kept where the photos have few forms. Validation has its own in float32, as in the model
// that is then used.
void use_features(const PhaseInputs& in, const std::vector<Module>& frozen, TrainingPhase& phase) {
  const TransferConfig& config = in.recipe.transfer;
  FeatureOptions options;
  const auto compute_in = [&](at::ScalarType precision) {
    options.frozen = by_itself(frozen_part(frozen, in.device, precision), in.device, options.rows);
    options.key = [frozen, device = in.device, precision] { return name_of(frozen, device, precision); };
  };
  options.cache = config.feature_cache;
  options.batch = in.recipe.train.batch;
  options.rows = frozen_rows(frozen, in.device);
  options.device = in.device;
  const FeatureVariants variants =
      feature_variants_of(in.recipe.augment, static_cast<uint64_t>(in.recipe.train.seed), config.augment_views);
  if (config.feature_cache == "none" || variants.count == 0) {
    if (variants.count == 0)
      spdlog::info(
          "the augmentation gives every photo new pixels in every epoch: features are computed each time "
          "(--augment-views N keeps those of N views)");
    const auto part = [&](at::ScalarType precision) {
      FrozenPart whole = frozen_part(frozen, in.device, precision);
      return in.device.is_cpu() ? by_itself(std::move(whole), in.device, options.rows) : whole;
    };
    use_pixels(in, phase, {part(in.precision), part(at::kFloat)});
    return;
  }
  if (!variants.exact)
    spdlog::info("an approximation, as asked: {} views per photo instead of new ones every epoch", variants.count);
  compute_in(at::kFloat);
  if (in.valid) phase.valid = feature_source(filled_store(in, *in.valid, options), order_of_files(*in.valid), false);
  compute_in(in.precision);
  options.variants = variants;
  phase.train =
      feature_source(filled_store(in, in.train, options), training_order(in.train.samples(), in.recipe.train), true);
}

// The stage that holds the first of the parameters; `stages.size()` where none does.
size_t first_trained(const std::vector<Stage>& stages, const std::vector<std::string>& parameters) {
  for (size_t i = 0; i < stages.size(); ++i)
    for (const std::string& name : parameters)
      if (stages[i].name.empty() || starts_with(name, stages[i].name + ".")) return i;
  return stages.size();
}

// A net on a backbone, cut in two where training begins.
struct CutNet {
  // One after the other they are the net; nothing is frozen from the backbone's first stage on, or nothing at all.
  std::vector<Module> frozen, still, trained;  // still: layers of the head that only reshape or pool, see is_still
  Unfrozen unfrozen;                           // what of the backbone is trained
  bool backbone_statistics = false;            // its batch statistics move
};

CutNet cut_net(const PhaseInputs& in, const std::string& fine_tune) {
  const TransferConfig& config = in.recipe.transfer;
  Module backbone = in.net.module.attr("base").toModule();
  CutNet net;
  for (at::Tensor parameter : backbone.parameters()) parameter.set_requires_grad(false);
  if (fine_tune != "none") net.unfrozen = unfreeze(backbone, fine_tune, config.fine_tune_norms);
  const std::vector<Stage> stages = stages_of(backbone);
  const size_t cut = first_trained(stages, net.unfrozen.names);
  net.backbone_statistics = config.fine_tune_norms && cut < stages.size();
  (cut > 0 ? net.frozen : net.trained).push_back(in.net.module.attr("preprocess").toModule());
  for (size_t i = 0; i < stages.size(); ++i) (i < cut ? net.frozen : net.trained).push_back(stages[i].module);
  const Module head = in.net.module.attr("head").toModule();
  const std::vector<Stage> layers = stages_of(head);
  size_t still = 0;
  // The last layer stays: a phase trains something.
  while (cut == stages.size() && still + 1 < layers.size() && is_still(layers[still].module)) ++still;
  if (still == 0) {
    net.trained.push_back(head);
    return net;
  }
  for (size_t i = 0; i < layers.size(); ++i) (i < still ? net.still : net.trained).push_back(layers[i].module);
  return net;
}

// The head's part by itself: behind the backbone's precision it computes in float32, as it did in the head.
std::vector<Module> frozen_modules(const CutNet& net) {
  std::vector<Module> modules{frozen_stages(net.frozen)};
  if (!net.still.empty()) modules.push_back(frozen_stages(net.still));
  return modules;
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

TrainingPhase with_backbone(const PhaseInputs& in, const std::string& fine_tune) {
  const CutNet net = cut_net(in, fine_tune);
  TrainingPhase phase;
  phase.groups = groups_of(in, net.unfrozen);
  if (net.frozen.empty())
    use_pixels(in, phase);
  else
    use_features(in, frozen_modules(net), phase);
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

bool depends_on_threads(const TransferConfig& config) { return config.fine_tune != "none" && config.fine_tune_norms; }

std::string training_trouble(const Net& net, const ImageSize& imgsz, at::Device device, at::ScalarType precision) {
  Module module = net.module;
  module.eval();
  std::string trouble;
  try {
    const Autocast autocast(device, precision);
    const at::Tensor pixels =
        at::zeros({1, 3, imgsz.height, imgsz.width}, at::device(device)).contiguous(at::MemoryFormat::ChannelsLast);
    module.get_method("logits")({pixels.requires_grad_()}).toTensor().sum().backward();
  } catch (const c10::Error& error) {
    trouble = error.what_without_backtrace();
  }
  for (at::Tensor parameter : module.parameters()) parameter.mutable_grad() = at::Tensor();
  return trouble.substr(0, trouble.find('\n'));
}

std::vector<PhasePlan> training_phases(const PhaseInputs& inputs) {
  const TransferConfig& config = inputs.recipe.transfer;
  if (!inputs.net.module.hasattr("base")) return {{1, [inputs] { return whole_net(inputs); }}};
  std::vector<PhasePlan> phases;
  const int64_t frozen_epochs = config.fine_tune == "none" ? inputs.recipe.train.epochs : config.freeze_epochs;
  if (frozen_epochs > 0) phases.push_back({1, [inputs] { return with_backbone(inputs, "none"); }});
  if (config.fine_tune != "none")
    phases.push_back({frozen_epochs + 1, [inputs] { return with_backbone(inputs, inputs.recipe.transfer.fine_tune); }});
  return phases;
}

}  // namespace cvtool
