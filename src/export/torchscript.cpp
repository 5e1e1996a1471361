#include "export/torchscript.h"

#include <ATen/ATen.h>

#include <filesystem>

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "model/freeze.h"

namespace cvtool {
namespace {

constexpr double kTolerance = 1e-5;
constexpr int64_t kPictures = 64;

// Smooth random pictures: low-resolution noise, enlarged.
at::Tensor random_pictures(const at::Tensor& like) {
  at::Tensor coarse = at::empty({kPictures, 3, 8, 8}, at::kFloat);
  Random random(0, "export");
  for (int64_t i = 0; i < coarse.numel(); ++i) coarse.data_ptr<float>()[i] = static_cast<float>(random.uniform(0, 255));
  return at::upsample_bilinear2d(coarse, {like.size(2), like.size(3)}, false).round().to(at::kByte);
}

at::Tensor probabilities(torch::jit::Module module, const at::Tensor& pictures) {
  at::NoGradGuard no_grad;
  return module.forward({pictures}).toTensor().to(at::kFloat);
}

}  // namespace

double export_torchscript(const ModelFile& model, const std::string& path) {
  ModelFile frozen = model;
  frozen.module = frozen_classifier(model.module);
  const std::string candidate = path + ".candidate";
  save_model(candidate, frozen);
  double difference = 1;
  try {
    const ModelFile back = load_model(candidate);
    const at::Tensor pictures = at::cat({model.golden, random_pictures(model.golden)});
    difference = (probabilities(back.module, pictures) - probabilities(model.module, pictures)).abs().max().item<double>();
  } catch (const std::exception& error) {
    std::filesystem::remove(candidate);
    throw Error(path + ": the exported file does not load back: " + error.what());
  }
  if (!(difference <= kTolerance)) {
    std::filesystem::remove(candidate);
    throw Error(path + ": the exported file differs from the model by " + fixed(difference, 6) + "; it was not kept");
  }
  std::filesystem::rename(candidate, path);
  return difference;
}

}  // namespace cvtool
