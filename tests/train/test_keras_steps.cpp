// A whole training step beside Keras 2's, on raw pixels, where any difference is thousands of times larger than on
// scaled ones.
#include <doctest/doctest.h>

#include "golden/golden.h"
#include "model/compile.h"
#include "scratch.h"
#include "train/stepper.h"

using namespace cvtool;

namespace {

Net tutorial_net() {
  const Json spec = json_from_text(R"({"preprocess": "none", "layers": [
      {"kind": "conv2d", "filters": 2, "activation": "relu"}, {"kind": "max_pool2d"}, {"kind": "flatten"},
      {"kind": "dense", "units": 4, "activation": "relu"}, {"kind": "dense", "units": 2, "activation": "sigmoid"}]})",
                                   "test");
  return compile_net(spec, {{6, 6}, 2, 1});
}

// Keras's [h,w,in,out] and [in,out] -> LibTorch's [out,in,h,w] and [out,in].
at::Tensor from_keras(const Json& values) {
  const at::Tensor weight = tensor_from_json(values);
  return weight.dim() == 4 ? weight.permute({3, 2, 0, 1}) : weight.dim() == 2 ? weight.t() : weight;
}

TrainingPhase phase_of(Net& net) {
  TrainingPhase phase;
  phase.stages = {net.module.attr("preprocess").toModule(), net.module.attr("head").toModule()};
  phase.groups.emplace_back();
  for (const at::Tensor& parameter : net.module.parameters())
    if (parameter.requires_grad()) phase.groups[0].parameters.push_back(parameter);
  return phase;
}

}  // namespace

TEST_CASE("Three steps of a net on raw pixels, with two sigmoid units and Adam, are Keras's") {
  const Json golden = json_from_file(CVTOOL_TESTS_FOLDER "/golden/keras2_steps.json");
  Net net = tutorial_net();
  const auto weight = [head = net.module.attr("head").toModule()](const std::string& name) {
    return head.attr(name.substr(0, name.find('.'))).toModule().attr(name.substr(name.find('.') + 1)).toTensor();
  };
  {
    const at::NoGradGuard no_grad;
    for (const auto& [name, values] : golden["start"].items()) weight(name).copy_(from_keras(values));
  }
  TrainingRun run;
  run.units = 2;
  run.config.optimizer = "adam";
  run.config = with_optimizer_defaults(run.config);
  run.loss.name = "sparse_categorical_crossentropy";
  const TrainingPhase phase = phase_of(net);
  Stepper stepper(run, phase);
  const Examples examples{nchw(tensor_from_json(golden["pixels"])).to(at::kByte),
                          tensor_from_json(golden["labels"]).to(at::kLong)};
  for (int64_t step = 0; step < 3; ++step) {
    CHECK(stepper.add(examples, step).loss.item<double>() ==
          doctest::Approx(golden["losses"][static_cast<size_t>(step)].get<double>()).epsilon(1e-5));
    stepper.update(1e-3);
  }
  for (const auto& row : golden["end"].items()) {
    INFO(row.key());
    CHECK(largest_difference(weight(row.key()), from_keras(row.value())) < 2e-6);
  }
}
