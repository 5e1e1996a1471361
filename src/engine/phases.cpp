#include "engine/phases.h"

#include <memory>

#include "data/augment/augment.h"
#include "train/pixel_source.h"

namespace cvtool {
namespace {

std::vector<at::Tensor> trainable(const torch::jit::Module& module) {
  std::vector<at::Tensor> out;
  for (const at::Tensor& parameter : module.parameters())
    if (parameter.requires_grad()) out.push_back(parameter);
  return out;
}

// The whole net, from pixels.
TrainingPhase whole_net(const PhaseInputs& in) {
  TrainingPhase phase;
  PixelSourceOptions options;
  options.batch = in.recipe.train.batch;
  options.seed = static_cast<uint64_t>(in.recipe.train.seed);
  options.device = in.device;
  if (!in.recipe.augment.empty()) options.augmenter = std::make_shared<Augmenter>(in.recipe.augment, options.seed, in.classes);
  if (in.valid) phase.valid = pixel_source(*in.valid, options);
  options.training = true;
  phase.train = pixel_source(in.train, options);
  phase.logits = [module = in.net.module](const at::Tensor& x) { return module.get_method("logits")({x}).toTensor(); };
  phase.set_training = [module = in.net.module](bool training) mutable { module.train(training); };
  phase.groups = {{trainable(in.net.module)}};
  return phase;
}

}  // namespace

std::vector<PhasePlan> training_phases(const PhaseInputs& inputs) {
  return {{1, [inputs] { return whole_net(inputs); }}};
}

}  // namespace cvtool
