#include "train/phases.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "augment/augment.h"
#include "base/error.h"
#include "base/text.h"
#include "data/balanced.h"
#include "model/stages.h"
#include "torch/device.h"
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

void use_pixels(const PhaseInputs& in, TrainingPhase& phase) {
  PixelSourceOptions options;
  options.batch = in.recipe.train.batch;
  options.device = in.device;
  if (!in.recipe.augment.empty())
    options.augmenter =
        std::make_shared<Augmenter>(in.recipe.augment, static_cast<uint64_t>(in.recipe.train.seed), in.classes);
  if (in.valid) {
    options.order = order_of_files(*in.valid);
    phase.valid = pixel_source(*in.valid, options);
  }
  options.training = true;
  options.profile = in.profile;
  options.order = training_order(in.train.samples(), in.recipe.train);
  phase.train = pixel_source(in.train, options);
}

std::string name_of(const Module& module, const PhaseInputs& in, at::ScalarType precision) {
  std::ostringstream bytes;
  Module on_cpu = module.deepcopy();
  on_cpu.to(at::kCPU);
  on_cpu.save(bytes);
  return hex_text(content_hash(bytes.str())) + ' ' + c10::toString(precision) + ' ' + in.device.str() + ' ' +
         std::to_string(at::get_num_threads()) + ' ' + std::to_string(in.recipe.train.batch);
}

// A frozen module as a function of the pixels, computed in `precision`.
FrozenPart frozen_part(const Module& module, at::Device device, at::ScalarType precision) {
  return [module, device, precision](const at::Tensor& pixels) {
    at::NoGradGuard no_grad;
    const Autocast autocast(device, precision);
    Module runnable = module;
    const at::Tensor x = pixels.to(device).contiguous(at::MemoryFormat::ChannelsLast);
    return runnable.forward({x}).toTensor().to(at::kFloat);
  };
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
void use_features(const PhaseInputs& in, const Module& frozen, TrainingPhase& phase) {
  const TransferConfig& config = in.recipe.transfer;
  FeatureOptions options;
  const auto compute_in = [&](at::ScalarType precision) {
    options.frozen = frozen_part(frozen, in.device, precision);
    options.key = [frozen, in, precision] { return name_of(frozen, in, precision); };
  };
  options.cache = config.feature_cache;
  options.batch = in.recipe.train.batch;
  options.device = in.device;
  const FeatureVariants variants =
      feature_variants_of(in.recipe.augment, static_cast<uint64_t>(in.recipe.train.seed), config.augment_views);
  if (config.feature_cache == "none" || variants.count == 0) {
    if (variants.count == 0)
      spdlog::info(
          "the augmentation gives every photo new pixels in every epoch: features are computed each time "
          "(--augment-views N keeps those of N views)");
    use_pixels(in, phase);
    phase.train = frozen_source(std::move(phase.train), frozen_part(frozen, in.device, in.precision));
    if (phase.valid) phase.valid = frozen_source(std::move(phase.valid), frozen_part(frozen, in.device, at::kFloat));
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
  std::vector<Module> frozen,
      trained;                       // one after the other they are the net; nothing is frozen from the first stage on
  Unfrozen unfrozen;                 // what of the backbone is trained
  bool backbone_statistics = false;  // its batch statistics move
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
  net.trained.push_back(in.net.module.attr("head").toModule());
  return net;
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
    use_features(in, frozen_stages(net.frozen), phase);
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
