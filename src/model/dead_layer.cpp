#include "model/dead_layer.h"

#include <ATen/ATen.h>

#include "base/text.h"
#include "model/stages.h"
#include "torch/memory_order.h"

namespace cvtool {

bool are_rows_equal(const at::Tensor& values) {
  constexpr double kRounding = 1e-6;
  const at::Tensor v = values.detach().to(at::kFloat);
  const at::Tensor high = v.amax({0}), low = v.amin({0});
  return ((high - low) <= kRounding * (1 + high.abs().maximum(low.abs()))).all().item<bool>();
}

std::optional<DeadLayer> find_dead_layer(const torch::jit::Module& net, const at::Tensor& pixels) {
  at::NoGradGuard no_grad;
  std::vector<Stage> stages;
  if (net.hasattr("base")) stages.push_back({"base", net.attr("base").toModule()});
  for (Stage& stage : stages_of(net.attr("head").toModule())) stages.push_back(std::move(stage));
  const auto run = [](torch::jit::Module module, const at::Tensor& x) { return module.forward({x}).toTensor(); };
  at::Tensor x = run(net.attr("preprocess").toModule(), channels_last(pixels));
  for (const Stage& stage : stages) {
    x = run(stage.module, x);
    if (are_rows_equal(x)) return DeadLayer{stage.name, x.size(1), x.abs().max().item<double>() == 0};
  }
  return {};
}

std::string dead_layer_text(const DeadLayer& layer) {
  return "the net is dead and cannot learn: " +
         (layer.silent
              ? "no unit of the layer " + layer.name + " (" + counted(layer.units, "unit") + ") answers to any photo"
              : "the layer " + layer.name + " gives every photo the same output") +
         ", so all photos get the same probabilities; train anew with another --seed, a smaller --lr, pixels that are "
         "scaled (--preprocess unit) or batch_norm before the activation";
}

}  // namespace cvtool
