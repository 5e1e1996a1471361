#include "train/frozen_net.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>

#include "augment/augment.h"
#include "base/text.h"
#include "model/fast_module.h"
#include "model/net_batch.h"
#include "torch/lanes.h"
#include "torch/memory_order.h"
#include "train/pixel_source.h"

namespace cvtool {
namespace {

using Module = torch::jit::Module;

EpochOrder order_of_files(const PhotoStore& store) {
  return [&store](int64_t) { return in_order(store.samples().size()); };
}

// The stage that holds the first of the parameters; `stages.size()` where none does.
size_t first_trained(const std::vector<Stage>& stages, const std::vector<std::string>& parameters) {
  for (size_t i = 0; i < stages.size(); ++i)
    for (const std::string& name : parameters)
      if (stages[i].name.empty() || starts_with(name, stages[i].name + ".")) return i;
  return stages.size();
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
    at::Tensor x = channels_last(pixels.to(device));
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

// As a model at work sees the photo: the centre, where training crops.
FeatureVariants plain_form(const Recipe& recipe) {
  FeatureVariants plain = one_outcome();
  if (input_size(recipe) == recipe.data.imgsz) return plain;
  const auto augmenter = std::make_shared<Augmenter>(recipe.augment, 0, /*classes=*/2);
  plain.key = "centre " + input_size_json(recipe).dump();
  plain.pixels = [augmenter](const at::Tensor& pixels, const std::vector<uint64_t>&, int64_t) {
    return augmenter->eval_transform(pixels);
  };
  return plain;
}

FeatureVariants forms_of_photos(const PhaseInputs& in) {
  return feature_variants_of(in.recipe.augment, static_cast<uint64_t>(in.recipe.train.seed),
                             in.recipe.transfer.augment_views);
}

FeatureOptions feature_options(const PhaseInputs& in, const std::vector<Module>& frozen, at::ScalarType precision) {
  FeatureOptions options;
  options.batch = in.recipe.train.batch;
  options.rows = frozen_rows(frozen, in.device);
  options.device = in.device;
  options.frozen = by_itself(frozen_part(frozen, in.device, precision), in.device, options.rows);
  options.key = [frozen, device = in.device, precision] { return name_of(frozen, device, precision); };
  options.cache = in.recipe.transfer.feature_cache;
  options.variants = plain_form(in.recipe);
  options.ranks = in.ranks;
  options.shelf = in.shelf;
  return options;
}

// Of the training photos: in all their forms, or as they are where those have no end.
FeatureOptions training_options(const PhaseInputs& in, const std::vector<Module>& frozen) {
  FeatureOptions options = feature_options(in, frozen, in.precision);
  if (FeatureVariants variants = forms_of_photos(in); variants.count > 0) options.variants = std::move(variants);
  return options;
}

void keep_valid(const PhaseInputs& in, FeatureOptions options, TrainingPhase& phase) {
  if (in.valid)
    phase.valid = feature_source(filled_store(in, *in.valid, std::move(options)), order_of_files(*in.valid), false);
}

std::shared_ptr<const FeatureStore> keep_train(const PhaseInputs& in, FeatureOptions options, TrainingPhase* phase) {
  const auto store = filled_store(in, in.train, std::move(options));
  if (phase) phase->train = feature_source(store, training_order(in.train.samples(), in.recipe.train), true);
  return store;
}

}  // namespace

void use_pixels(const PhaseInputs& in, TrainingPhase& phase, const FrozenParts& frozen) {
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

std::shared_ptr<const FeatureStore> use_features(const PhaseInputs& in, const std::vector<Module>& frozen,
                                                 TrainingPhase& phase) {
  const FeatureVariants variants = forms_of_photos(in);
  if (in.recipe.transfer.feature_cache == "none" || variants.count == 0) {
    if (variants.count == 0)
      spdlog::info(
          "the augmentation gives every photo new pixels in every epoch: features are computed each time "
          "(--augment-views N keeps those of N views)");
    const auto part = [&](at::ScalarType precision) {
      FrozenPart whole = frozen_part(frozen, in.device, precision);
      return in.device.is_cpu() ? by_itself(std::move(whole), in.device, frozen_rows(frozen, in.device)) : whole;
    };
    use_pixels(in, phase, {part(in.precision), part(at::kFloat)});
    return nullptr;
  }
  if (!variants.exact)
    spdlog::info("an approximation, as asked: {} views per photo instead of new ones every epoch", variants.count);
  keep_valid(in, feature_options(in, frozen, at::kFloat), phase);
  return keep_train(in, training_options(in, frozen), &phase);
}

std::shared_ptr<const FeatureStore> keep_features(const PhaseInputs& in, const std::vector<Module>& frozen,
                                                  TrainingPhase* phase) {
  const auto kept = [](FeatureOptions options) {
    if (options.cache == "none") options.cache = "ram";
    return options;
  };
  if (phase) keep_valid(in, kept(feature_options(in, frozen, at::kFloat)), *phase);
  return keep_train(in, kept(training_options(in, frozen)), phase);
}

std::shared_ptr<const FeatureStore> unfilled_features(const PhaseInputs& in, const std::vector<Module>& frozen) {
  const bool none = in.recipe.transfer.feature_cache == "none" || forms_of_photos(in).count == 0;
  if (none && !in.recipe.transfer.probe) return nullptr;
  FeatureOptions options = training_options(in, frozen);
  if (options.cache != "disk") options.cache = "none";
  return std::make_shared<FeatureStore>(in.train, std::move(options));
}

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

std::vector<Module> frozen_modules(const CutNet& net) {
  std::vector<Module> modules{frozen_stages(net.frozen)};
  if (!net.still.empty()) modules.push_back(frozen_stages(net.still));
  return modules;
}

}  // namespace cvtool
