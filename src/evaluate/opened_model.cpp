#include "evaluate/opened_model.h"

#include <ATen/ATen.h>

#include <spdlog/spdlog.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "model/model_info.h"
#include "run/run_directory.h"
#include "torch/device.h"

namespace cvtool {
namespace {

const TtaPlan& allowed(const TtaPlan& plan, const Recipe& recipe) {
  if (plan.flip && recipe.orientation_sensitive)
    throw UsageError(
        "--tta flip: the model's orientation_sensitive says that mirroring a photo changes its class; use --tta none "
        "or a number");
  return plan;
}

// Ids from the pixels: a photo's draws are the same in eval and predict, whatever its path and its batch.
std::vector<uint64_t> ids_from_pixels(const at::Tensor& pixels) {
  std::vector<uint64_t> ids;
  for (int64_t row = 0; row < pixels.size(0); ++row) {
    const at::Tensor bytes = pixels[row].permute({1, 2, 0}).contiguous();
    ids.push_back(stable_hash({static_cast<const char*>(bytes.data_ptr()), bytes.nbytes()}));
  }
  return ids;
}

// Earlier versions gave each of several sigmoid units its own probability.
void tell_of_independent_units(const torch::jit::Module& module, const std::string& path) {
  at::NoGradGuard no_grad;
  const at::Tensor p = module.get_method("probabilities")({at::ones({1, 1})}).toTensor();
  if (p.numel() == 1 && p.item<float>() < 1)
    spdlog::info(
        "{}: made by an earlier version, each of its sigmoid units gives a probability by itself; they need not sum to "
        "1. Trained anew, it gives those of the softmax that was trained",
        path);
}

// log of the mean over dim 0 of exp(x): stays finite where the mean itself would round to 0.
at::Tensor log_mean_exp(const std::vector<at::Tensor>& x) {
  return at::logsumexp(at::stack(x), {0}) - std::log(static_cast<double>(x.size()));
}

Prediction mean_of_photo(const std::vector<Prediction>& predictions, int64_t photo, bool sigmoid_loss) {
  const bool each_unit = sigmoid_loss || predictions.at(0).logits.size(1) == 1;
  std::vector<at::Tensor> probabilities, sigmoids, yes, no;
  for (const Prediction& p : predictions) {
    probabilities.push_back(p.probabilities.narrow(0, photo, 1));
    if (p.sigmoids.defined()) sigmoids.push_back(p.sigmoids.narrow(0, photo, 1));
    const at::Tensor z = p.logits.narrow(0, photo, 1).to(at::kDouble);
    yes.push_back(each_unit ? at::log_sigmoid(z) : at::log_softmax(z, 1));
    if (each_unit) no.push_back(at::log_sigmoid(-z));
  }
  const at::Tensor logits = each_unit ? log_mean_exp(yes) - log_mean_exp(no) : log_mean_exp(yes);
  return {logits.to(at::kFloat),
          at::stack(probabilities).mean(0),
          sigmoids.empty() ? at::Tensor() : at::stack(sigmoids).mean(0),
          {}};
}

}  // namespace

PhotoPredictor::PhotoPredictor(Predictor predictor, const Recipe& recipe, const TtaPlan& plan, bool resizes)
    : predictor_(std::move(predictor)),
      variants_(allowed(plan, recipe), recipe.augment, static_cast<uint64_t>(recipe.train.seed),
                !recipe.orientation_sensitive),
      sigmoid_loss_(recipe.train.loss == "binary_crossentropy"),
      resizes_(resizes) {}

int64_t PhotoPredictor::rows(int64_t asked) const {
  if (resizes_) return 1;
  return predictor_.device().is_cpu() ? predictor_.rows() : asked;
}

Prediction PhotoPredictor::run(const at::Tensor& pixels) const {
  if (variants_.count() == 1) return predictor_.run(input(pixels));
  const std::vector<uint64_t> ids = ids_from_pixels(pixels);
  std::vector<Prediction> predictions;
  for (int64_t i = 0; i < variants_.count(); ++i)
    predictions.push_back(predictor_.run(variants_.variant(pixels, ids, i)));
  return mean_prediction(predictions, sigmoid_loss_);
}

at::Tensor PhotoPredictor::input(const at::Tensor& pixels) const { return variants_.variant(pixels, {}, 0); }

Prediction mean_prediction(const std::vector<Prediction>& predictions, bool sigmoid_loss) {
  std::vector<at::Tensor> logits, probabilities, sigmoids;
  for (int64_t photo = 0; photo < predictions.at(0).logits.size(0); ++photo) {
    const Prediction mean = mean_of_photo(predictions, photo, sigmoid_loss);
    logits.push_back(mean.logits);
    probabilities.push_back(mean.probabilities);
    if (mean.sigmoids.defined()) sigmoids.push_back(mean.sigmoids);
  }
  return {at::cat(logits), at::cat(probabilities), sigmoids.empty() ? at::Tensor() : at::cat(sigmoids),
          predictions.at(0).features};
}

namespace {

// An ONNX file is computed on the processor, in the numbers that it was written with.
void check_onnx_request(const std::string& path, const std::string& precision, const std::string& device) {
  if (device != "auto" && device != "cpu")
    throw UsageError("--device " + device + ": " + path +
                     " is an ONNX file, which cvtool runs on the processor; leave it out");
  if (precision != "auto" && precision != "fp32")
    throw UsageError("--precision " + precision + ": " + path +
                     " is an ONNX file, which is computed as it was exported; leave it out, or export another file");
}

// The device that is asked for, in a process that is ready for work.
at::Device prepared_device(const ComputeOptions& run) {
  const at::Device device = device_from_text(run.device);
  prepare_process(static_cast<int>(run.threads));
  return device;
}

// How a model is used.
struct ModelUse {
  std::string precision;
  TtaPlan tta;
  bool resizes;
};

ModelUse use_of(const Json& info, bool has_net, const std::string& precision, const TtaPlan& tta) {
  if (has_net) return {precision, tta, false};
  return {"fp32", tta, export_facts(info).resize_inside};
}

PhotoPredictor photo_predictor(const ReadyNet& net, const Recipe& recipe, const ModelUse& use) {
  std::string why;
  return {{net, precision_from_text(use.precision, net.device, why)}, recipe, use.tta, use.resizes};
}

}  // namespace

OpenedModel open_model(const std::string& model, const std::string& precision, const ComputeOptions& run,
                       const TtaPlan& tta) {
  const at::Device device = prepared_device(run);
  const std::string path = model_path(model);
  ModelFile file = load_model(path, ModelCheck::kOnce);
  if (!file.has_net()) check_onnx_request(path, precision, run.device);
  tell_of_independent_units(file.module, path);
  Recipe recipe = recipe_from_json(file.info.at("recipe"), path + ": ");
  const ReadyNet net = ready_net(file.module, file.has_net() ? device : at::Device(at::kCPU));
  PhotoPredictor predictor = photo_predictor(net, recipe, use_of(file.info, file.has_net(), precision, tta));
  return {path, std::move(file), std::move(recipe), std::move(predictor)};
}

AskedModel ask_model(const std::string& model, const std::string& precision, const ComputeOptions& run,
                     const TtaPlan& tta) {
  const at::Device device = prepared_device(run);
  const std::string path = model_path(model);
  ReadyModel ready = load_ready_model(path, device);
  if (!ready.has_net) check_onnx_request(path, precision, run.device);
  tell_of_independent_units(ready.net.module, path);
  Recipe recipe = recipe_from_json(ready.info.at("recipe"), path + ": ");
  PhotoPredictor predictor = photo_predictor(ready.net, recipe, use_of(ready.info, ready.has_net, precision, tta));
  return {path, std::move(ready.info), std::move(recipe), std::move(predictor)};
}

}  // namespace cvtool
