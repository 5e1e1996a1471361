#include "model/base_import.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "model/convert_weights.h"
#include "model/tensor_names.h"

namespace cvtool {
namespace {

// A tensor of the net and its name in the weight file.
struct Slot {
  std::string name;
  at::Tensor tensor;
};

std::vector<Slot> slots_of(const BaseNet& net, const BaseSpec& spec) {
  const TensorNames names(spec.tensors, "base " + spec.name + ": variants." + spec.variant + ".tensors: ");
  std::vector<Slot> slots;
  for (const auto& parameter : net.module.named_parameters())
    slots.push_back({names.in_file(parameter.name), parameter.value});
  for (const auto& buffer : net.module.named_buffers()) slots.push_back({names.in_file(buffer.name), buffer.value});
  return slots;
}

std::vector<ExpectedTensor> expected_of(const BaseChoice& choice) {
  std::vector<ExpectedTensor> expected;
  for (const Slot& slot : slots_of(compile_choice(choice), choice.spec))
    expected.push_back({slot.name, slot.tensor.sizes().vec()});
  return expected;
}

BaseChoice with_defaults(const BaseSpec& spec) {
  BaseChoice choice{spec};
  for (const auto& [name, values] : spec.choices.items()) choice.parameters[name] = values.at(0);
  return choice;
}

std::vector<BaseSpec> wished_variants(const BaseWish& wish) {
  std::vector<BaseSpec> variants = base_variants(wish.name);
  if (wish.variant.empty()) return variants;
  std::vector<std::string> names;
  for (const BaseSpec& spec : variants) {
    names.push_back(spec.variant);
    if (spec.variant == wish.variant) return {spec};
  }
  throw UsageError("--variant: " + unknown_word("variant", wish.variant, names));
}

void set_alpha(BaseChoice& choice, double alpha) {
  if (!choice.spec.choices.contains("alpha"))
    throw UsageError("--alpha: " + choice.spec.name + " (" + choice.spec.variant +
                     ") comes in one width only; leave --alpha out");
  choice.parameters["alpha"] = alpha;
}

// How many of the base's tensors the file names.
size_t names_found(const BaseChoice& choice, const StateDict& weights) {
  const auto expected = expected_of(choice);
  return static_cast<size_t>(std::count_if(expected.begin(), expected.end(),
                                           [&](const ExpectedTensor& tensor) { return weights.find(tensor.name); }));
}

// "; they are those of mobilenet_v2 (torchvision)", where another base or variant has all its names in the file.
std::string whose_weights(const StateDict& weights) {
  for (const std::string& name : base_names())
    for (const BaseSpec& spec : base_variants(name)) {
      const BaseChoice choice = with_defaults(spec);
      if (names_found(choice, weights) == expected_of(choice).size())
        return "; they are those of " + name + " (" + spec.variant + ")";
    }
  return "";
}

void check_fit(const BaseChoice& choice, const std::vector<Slot>& slots, const StateDict& weights) {
  std::vector<ExpectedTensor> expected;
  for (const Slot& slot : slots) expected.push_back({slot.name, slot.tensor.sizes().vec()});
  const WeightMismatch mismatch = compare_weights(expected, weights, choice.spec.ignored);
  if (mismatch.empty()) return;
  throw Error(weights.origin() + ": these are not the weights of " + choice.spec.name + " (" + choice.spec.variant +
              ")" + whose_weights(weights) + mismatch.text());
}

void fill(const Slot& slot, const StateDict& weights) {
  const at::Tensor& value = weights.at(slot.name);
  if (!value.is_floating_point())
    throw Error(weights.origin() + ": tensor '" + slot.name +
                "' holds whole numbers; pass the weights as they were before quantization");
  const at::NoGradGuard no_grad;
  at::Tensor target = slot.tensor;
  target.copy_(value);
  if (!target.isfinite().all().item<bool>())
    throw Error(weights.origin() + ": tensor '" + slot.name +
                "' holds values that are not finite; fetch or save the file again");
}

Json info_of(const BaseChoice& choice) {
  const BaseSpec& spec = choice.spec;
  return {{"format", kBaseFormat},
          {"kind", "base"},
          {"name", spec.name},
          {"variant", spec.variant},
          {"parameters", choice.parameters},
          {"preprocess", spec.model.value("preprocess", Json("unit"))},
          {"imgsz", spec.imgsz},
          {"output", spec.output},
          {"paper", spec.paper},
          {"differences", spec.differences},
          {"licence", spec.licence}};
}

}  // namespace

BaseChoice choose_base(const BaseWish& wish) {
  BaseChoice choice = with_defaults(wished_variants(wish).front());
  if (wish.alpha > 0) set_alpha(choice, wish.alpha);
  return choice;
}

BaseChoice recognise_base(const BaseWish& wish, const StateDict& weights) {
  BaseChoice best;
  size_t most = 0;
  for (const BaseSpec& spec : wished_variants(wish)) {
    const BaseChoice choice = with_defaults(spec);
    const size_t found = names_found(choice, weights);
    if (found > most || best.spec.name.empty()) {
      most = found;
      best = choice;
    }
  }
  if (wish.alpha > 0) {
    set_alpha(best, wish.alpha);
    return best;
  }
  for (const Json& alpha : best.spec.choices.value("alpha", Json::array())) {
    BaseChoice choice = best;
    choice.parameters["alpha"] = alpha;
    if (compare_weights(expected_of(choice), weights).misshaped.empty()) return choice;
  }
  return best;
}

BaseNet compile_choice(const BaseChoice& choice, ImageSize imgsz) {
  Json model = choice.spec.model;
  model["parameters"].update(choice.parameters);
  if (imgsz == ImageSize{}) imgsz = {choice.spec.imgsz, choice.spec.imgsz};
  return compile_base(model, {imgsz, 2, 42});
}

StateDict read_base_weights(const std::string& path) {
  StateDict dict = read_state_dict(path);
  if (is_keras(dict)) return torch_from_keras(dict);
  StateDict dotted(dict.origin());
  for (const NamedTensor& entry : dict.entries()) {
    std::string name = entry.name;
    std::replace(name.begin(), name.end(), '/', '.');
    dotted.add(name, entry.value);
  }
  return dotted;
}

BaseFile base_with_weights(const BaseChoice& choice, const StateDict& weights) {
  const BaseNet net = compile_choice(choice);
  const auto slots = slots_of(net, choice.spec);
  check_fit(choice, slots, weights);
  for (const Slot& slot : slots) fill(slot, weights);
  return {net.module, info_of(choice)};
}

}  // namespace cvtool
