#include "engine/drift/net_features.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <optional>

#include "base/error.h"
#include "data/photos.h"
#include "engine/base_choice.h"
#include "engine/layer_values.h"
#include "evaluate/opened_model.h"
#include "explain/activations.h"
#include "model/compile.h"
#include "torch/device.h"

namespace cvtool {
namespace {

// The backbone that "auto" means; "none" where the looks are compared.
std::string resolved_base(const std::string& base) {
  if (base != "auto") return base;
  if (const auto ready = ready_base()) {
    spdlog::info("photos are compared as the backbone {} sees them (--base none compares their looks)", ready->name);
    return ready->name;
  }
  spdlog::info(
      "no pretrained backbone lies ready: only the looks of photos are compared, not what is on them; {} "
      "gets one",
      import_advice());
  return "none";
}

}  // namespace

struct NetFeatures::State {
  std::string name;
  DataConfig data;
  std::optional<OpenedModel> model;  // none: a backbone
  FlatNet net;
  size_t layer;
};

NetFeatures::NetFeatures(std::unique_ptr<State> state) : state_(std::move(state)) {}
NetFeatures::~NetFeatures() = default;
const std::string& NetFeatures::name() const { return state_->name; }

std::unique_ptr<const NetFeatures> NetFeatures::open(const ComparedBy& by) {
  if (by.model.empty() && by.base == "none") return nullptr;
  prepare_process(0);
  if (!by.model.empty()) return std::unique_ptr<const NetFeatures>(new NetFeatures(of_model(by.model)));
  const std::string base = resolved_base(by.base);
  if (base == "none") return nullptr;
  return std::unique_ptr<const NetFeatures>(new NetFeatures(of_base(base)));
}

std::unique_ptr<NetFeatures::State> NetFeatures::of_model(const std::string& model) {
  ComputeOptions compute;
  compute.device = "cpu";
  OpenedModel opened = open_model(model, "fp32", compute);
  require_net(opened.path, opened.file, "looked into");
  FlatNet net(opened.file.module);
  const size_t layer = last_features(net, opened.file.golden);
  const std::string path = opened.path;
  DataConfig data = opened.recipe.data;
  return std::make_unique<State>(State{path, std::move(data), std::move(opened), std::move(net), layer});
}

std::unique_ptr<NetFeatures::State> NetFeatures::of_base(const std::string& base) {
  const Recipe recipe = load_recipe(kDefaultTransferRecipe, {{"model", {{"base", base}}}});
  const ImageSize size = input_size(recipe);
  FlatNet net(compile_net(recipe.model, {size, /*classes=*/2}).module);
  const size_t layer = last_features(net, at::zeros({1, 3, size.height, size.width}));
  return std::make_unique<State>(State{base, recipe.data, std::nullopt, std::move(net), layer});
}

FeatureRows NetFeatures::of(const PhotosOfSet& photos, const ReadOptions& read, Observer& observer) const {
  RunOptions run;
  static_cast<ReadOptions&>(run) = read;
  const OpenedSplit split = open_split({photos.root, photos.name, photos.samples}, state_->data, run, observer);
  LayerOfNet layer{state_->net, state_->layer};
  if (state_->model) layer.input = [this](const at::Tensor& pixels) { return state_->model->predictor.input(pixels); };
  const auto wanted = static_cast<int64_t>(photos.samples.size());
  const at::Tensor values = split.count() == wanted ? layer_values(layer, *split.store, observer) : at::Tensor();
  if (!values.defined() || values.size(0) != wanted)
    throw DataError(photos.name + ": photos changed while they were read; run it again");
  const at::Tensor rows = values.to(at::kDouble).contiguous();
  const double* data = rows.data_ptr<double>();
  return {rows.size(1), {data, data + rows.numel()}};
}

}  // namespace cvtool
