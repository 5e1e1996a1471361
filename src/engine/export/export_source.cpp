#include "engine/export/export_source.h"

#include <ATen/ATen.h>
#include <torch/script.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "augment/variants.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/photos.h"
#include "engine/data/looked.h"
#include "export/pictures.h"
#include "model/archived/weight_archive.h"
#include "model/model_info.h"
#include "model/torchscript_file.h"
#include "run/run_directory.h"
#include "spec/recipe.h"
#include "torch/memory_order.h"

namespace cvtool {
namespace {

constexpr int64_t kDrawn = 64, kMaxPhotos = 1000, kMaxCalibration = 256, kAtOnce = 32;

// Every n-th of a long list.
std::vector<Sample> spread(const std::vector<Sample>& samples, int64_t max) {
  std::vector<Sample> chosen;
  const auto count = static_cast<int64_t>(samples.size());
  for (int64_t i = 0; i < std::min(count, max); ++i)
    chosen.push_back(samples[static_cast<size_t>(i * count / std::min(count, max))]);
  return chosen;
}

// What the net is given of the photos; of random_crop the centre.
at::Tensor pixels_of(const PhotoStore& store, const Recipe& recipe) {
  const at::Tensor pixels = read_batch(store, in_order(store.samples().size())).pixels;
  const TestTimeVariants variants({}, recipe.augment, static_cast<uint64_t>(recipe.train.seed),
                                  !recipe.orientation_sensitive);
  return channels_last(variants.variant(pixels, {}, 0));
}

Recipe recipe_of(const ExportSource& source, const char* flag) {
  if (!source.model)
    throw UsageError(std::string(flag) + ": " + source.path +
                     " is not a cvtool model, so nothing says how photos are prepared for it");
  return recipe_from_json(source.model->info.at("recipe"), source.path + ": ");
}

// The golden picture, then `others`.
at::Tensor behind_golden(const ExportSource& source, const at::Tensor& others) {
  return channels_last(at::cat({source.model->golden, others}));
}

}  // namespace

ExportSource open_export_source(const ExportRequest& request) {
  ExportSource source;
  source.path = model_path(request.model);
  if (is_model_file(source.path) || is_weight_archive(source.path)) {
    source.model = load_model(source.path);
    require_net(source.path, *source.model, "exported again");
    source.module = source.model->module;
    source.size = {source.model->golden.size(2), source.model->golden.size(3)};
    source.pixels = pixel_format(source.model->info);
    return source;
  }
  const std::string bytes = read_file(source.path);
  torch::jit::ExtraFilesMap extra{{"cvtool.json", ""}};
  source.module = load_torchscript({source.path, bytes, "copy or save it again"}, extra);
  source.base = Json::parse(extra["cvtool.json"], nullptr, /*allow_exceptions=*/false);
  // A frozen module has lost the attribute that eval() sets.
  if (source.module.hasattr("training")) source.module.eval();
  source.size = request.options.imgsz;
  trial_output(source.module, source.size, "--model " + source.path);
  return source;
}

ExportPictures export_pictures(const ExportSource& source, const ExportRequest& request, Observer& observer) {
  const at::Tensor drawn = drawn_pictures(kDrawn, source.size.height, source.size.width, source.pixels.channels);
  if (!source.model && request.options.verify_data.empty())
    // As backbones take them: about zero mean, unit variance.
    return {((drawn.narrow(0, 0, 8).to(at::kFloat) - 127.5) / 57.0).contiguous(at::MemoryFormat::ChannelsLast),
            {},
            "8 drawn pictures"};
  if (request.options.verify_data.empty())
    return {behind_golden(source, drawn), {}, "the golden sample and 64 drawn pictures"};
  const Recipe recipe = recipe_of(source, "--verify-data");
  const Dataset dataset = find_dataset_of_model(request.options.verify_data,
                                                data_of_model(recipe, source.model->info, request.options.verify_data),
                                                static_cast<uint64_t>(recipe.train.seed), source.path);
  log_notes(dataset);
  const auto& samples = !dataset.test.empty() ? dataset.test : !dataset.valid.empty() ? dataset.valid : dataset.train;
  const OpenedSplit split =
      open_split({dataset.root, "verification", spread(samples, kMaxPhotos)}, recipe.data, request.run, observer);
  if (!split.store || split.store->samples().empty())
    throw DataError(request.options.verify_data + ": no photo can be read");
  ExportPictures pictures{behind_golden(source, pixels_of(*split.store, recipe)), {}, ""};
  for (const Sample& sample : split.store->samples()) pictures.labels.push_back(sample.label);
  pictures.what = "the golden sample and " + counted(static_cast<int64_t>(pictures.labels.size()), "photo") + " of " +
                  request.options.verify_data;
  return pictures;
}

at::Tensor calibration_pictures(const ExportSource& source, const ExportRequest& request, Observer& observer) {
  const Recipe recipe = recipe_of(source, "--calibrate");
  std::vector<Sample> samples;
  for (const std::string& path : find_images(request.options.calibrate)) samples.push_back({path, 0, 0});
  const OpenedSplit split =
      open_split({"", "calibration", spread(samples, kMaxCalibration)}, recipe.data, request.run, observer);
  if (!split.store || split.store->samples().empty())
    throw DataError(request.options.calibrate + ": no photo can be read");
  return pixels_of(*split.store, recipe);
}

at::Tensor outputs_of(torch::jit::Module module, const at::Tensor& pixels) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : pixels.split(kAtOnce))
    parts.push_back(module.forward({part}).toTensor().to(at::kFloat));
  return at::cat(parts);
}

double accuracy_of(const at::Tensor& outputs, const std::vector<int64_t>& labels) {
  const at::Tensor best = outputs.narrow(0, 1, static_cast<int64_t>(labels.size())).argmax(1);
  return (best == at::tensor(labels, at::kLong)).to(at::kDouble).mean().item<double>();
}

}  // namespace cvtool
