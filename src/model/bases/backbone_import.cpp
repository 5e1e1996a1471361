#include "model/bases/backbone_import.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "model/convert_weights.h"
#include "model/tensor_names.h"

namespace cvtool {
namespace {

// A tensor of the net, and those of the weight file that it is made of.
struct Slot {
  at::Tensor value;
  std::vector<std::string> names;
};

std::vector<Slot> slots_of(const BackboneNet& net, const BackboneSpec& spec) {
  const TensorNames names(spec.tensors, spec.lists, "base " + spec.name + ": variants." + spec.variant + ".tensors: ");
  std::vector<Slot> slots;
  for (const NamedTensor& tensor : named_tensors(net.module))
    slots.push_back({tensor.value, names.in_file(tensor.name)});
  return slots;
}

std::vector<int64_t> without_ones(at::IntArrayRef shape) {
  std::vector<int64_t> sizes;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(sizes), [](int64_t size) { return size != 1; });
  return sizes;
}

// What the file must hold. Sizes of 1 are written in one way or another: the same numbers in the file are right.
std::vector<ExpectedTensor> expected_of(const std::vector<Slot>& slots, const StateDict& weights) {
  std::vector<ExpectedTensor> expected;
  for (const Slot& slot : slots)
    for (const std::string& name : slot.names) {
      std::vector<int64_t> shape = slot.value.sizes().vec();
      if (slot.names.size() > 1) shape[0] /= static_cast<int64_t>(slot.names.size());
      const at::Tensor* found = weights.find(name);
      if (found && without_ones(found->sizes()) == without_ones(shape)) shape = found->sizes().vec();
      expected.push_back({name, shape});
    }
  return expected;
}

std::vector<ExpectedTensor> expected_of(const BackboneChoice& choice, const StateDict& weights) {
  return expected_of(slots_of(compile_choice(choice), choice.spec), weights);
}

BackboneChoice with_defaults(const BackboneSpec& spec) {
  BackboneChoice choice{spec};
  for (const auto& [name, values] : spec.choices.items()) choice.parameters[name] = values.at(0);
  return choice;
}

std::vector<BackboneSpec> wished_variants(const BackboneRequest& wish) {
  std::vector<BackboneSpec> variants = backbone_variants(wish.name);
  if (wish.variant.empty()) return variants;
  std::vector<std::string> names;
  for (const BackboneSpec& spec : variants) {
    names.push_back(spec.variant);
    if (spec.variant == wish.variant) return {spec};
  }
  throw UsageError("--variant: " + unknown_word("variant", wish.variant, names));
}

void set_alpha(BackboneChoice& choice, double alpha) {
  if (!choice.spec.choices.contains("alpha"))
    throw UsageError("--alpha: " + choice.spec.name + " (" + choice.spec.variant +
                     ") comes in one width only; leave --alpha out");
  choice.parameters["alpha"] = alpha;
}

struct NamesFound {
  size_t found = 0;
  bool all = false;
};

// How many of the backbone's tensors the file names.
NamesFound names_found(const std::vector<ExpectedTensor>& expected, const StateDict& weights) {
  const auto found =
      static_cast<size_t>(std::count_if(expected.begin(), expected.end(), [&](const ExpectedTensor& tensor) {
        return weights.find(tensor.name) != nullptr;
      }));
  return {found, found == expected.size()};
}

// "; they are those of mobilenet_v2 (torchvision)", where another backbone or variant has all its names in the file.
std::string whose_weights(const StateDict& weights) {
  for (const std::string& name : backbone_names())
    for (const BackboneSpec& spec : backbone_variants(name))
      if (names_found(expected_of(with_defaults(spec), weights), weights).all)
        return "; they are those of " + name + " (" + spec.variant + ")";
  return "";
}

void check_fit(const BackboneChoice& choice, const std::vector<Slot>& slots, const StateDict& weights) {
  const WeightMismatch mismatch = compare_weights(expected_of(slots, weights), weights, choice.spec.ignored);
  if (mismatch.empty()) return;
  throw Error(weights.origin() + ": these are not the weights of " + choice.spec.name + " (" + choice.spec.variant +
              ")" + whose_weights(weights) + mismatch.text());
}

void fill(at::Tensor target, const std::string& name, const StateDict& weights) {
  const at::Tensor& value = weights.at(name);
  if (!value.is_floating_point())
    throw Error(weights.origin() + ": tensor '" + name +
                "' holds integers; pass the weights as they were before quantization");
  target.copy_(value.reshape(target.sizes()));
  if (!target.isfinite().all().item<bool>())
    throw Error(weights.origin() + ": tensor '" + name +
                "' holds values that are not finite; fetch or save the file again");
}

void fill(const Slot& slot, const StateDict& weights) {
  const at::NoGradGuard no_grad;
  const auto parts = slot.value.chunk(static_cast<int64_t>(slot.names.size()));
  for (size_t i = 0; i < parts.size(); ++i) fill(parts[i], slot.names[i], weights);
}

Json info_of(const BackboneChoice& choice) {
  const BackboneSpec& spec = choice.spec;
  return {{"format", kBackboneFormat},
          {"kind", "base"},
          {"name", spec.name},
          {"variant", spec.variant},
          {"parameters", choice.parameters},
          {"preprocess", spec.model.value("preprocess", Json("unit"))},
          {"imgsz", spec.imgsz},
          {"output", spec.output},
          {"paper", spec.paper},
          {"differences", spec.differences},
          {"licence", spec.licence},
          {"net", chosen_net(choice)}};
}

// Of a name that says all: that of weights in the table, or of a file that import makes.
std::optional<BackboneChoice> named_weights(const BackboneRequest& wish) {
  const auto names = backbone_names();
  if (std::find(names.begin(), names.end(), wish.name) != names.end()) return {};
  auto choice = choice_of_file_name(wish.name);
  if (choice && (!wish.variant.empty() || wish.alpha > 0))
    throw UsageError(std::string(wish.variant.empty() ? "--alpha" : "--variant") + ": the name '" + wish.name +
                     "' says it already; leave it out");
  return choice;
}

}  // namespace

BackboneChoice choose_backbone(const BackboneRequest& wish) {
  if (const auto named = named_weights(wish)) return *named;
  BackboneChoice choice = with_defaults(wished_variants(wish).front());
  if (wish.alpha > 0) set_alpha(choice, wish.alpha);
  return choice;
}

BackboneChoice recognise_backbone(const BackboneRequest& wish, const StateDict& weights) {
  if (const auto named = named_weights(wish)) return *named;
  BackboneChoice best;
  size_t max = 0;
  for (const BackboneSpec& spec : wished_variants(wish)) {
    const BackboneChoice choice = with_defaults(spec);
    const size_t found = names_found(expected_of(choice, weights), weights).found;
    if (found > max || best.spec.name.empty()) {
      max = found;
      best = choice;
    }
  }
  if (wish.alpha > 0) {
    set_alpha(best, wish.alpha);
    return best;
  }
  for (const Json& alpha : best.spec.choices.value("alpha", Json::array())) {
    BackboneChoice choice = best;
    choice.parameters["alpha"] = alpha;
    if (compare_weights(expected_of(choice, weights), weights).misshaped.empty()) return choice;
  }
  return best;
}

BackboneNet compile_choice(const BackboneChoice& choice, ImageSize imgsz) {
  if (imgsz == ImageSize{}) imgsz = {choice.spec.imgsz, choice.spec.imgsz};
  return compile_backbone(chosen_net(choice), {imgsz, 2, 42});
}

StateDict read_backbone_weights(const std::string& path) {
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

BackboneFile backbone_with_weights(const BackboneChoice& choice, const StateDict& weights) {
  const BackboneNet net = compile_choice(choice);
  const auto slots = slots_of(net, choice.spec);
  check_fit(choice, slots, weights);
  for (const Slot& slot : slots) fill(slot, weights);
  return {net.module, info_of(choice)};
}

}  // namespace cvtool
