#include "model/unfreeze.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

struct Named {
  std::string name;
  at::Tensor tensor;
  bool norm;  // of a batch norm
};

// In the order of the layers.
std::vector<Named> parameters_of(const torch::jit::Module& module, const std::string& prefix = "") {
  const bool norm = module.hasattr("running_mean");
  std::vector<Named> out;
  for (const auto& parameter : module.named_parameters(/*recurse=*/false))
    out.push_back({prefix + parameter.name, parameter.value, norm});
  for (const auto& child : module.named_children()) {
    const auto below = parameters_of(child.value, prefix + child.name + ".");
    out.insert(out.end(), below.begin(), below.end());
  }
  return out;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// Index of the first parameter of the last `layers` kernels.
size_t first_of_last(const std::vector<Named>& parameters, int64_t layers) {
  size_t first = parameters.size();
  for (size_t i = parameters.size(); i-- > 0 && layers > 0;)
    if (parameters[i].tensor.dim() > 1) {
      first = i;
      --layers;
    }
  return first;
}

// The names' first `depth` parts, "features.18": what a prefix may be.
std::vector<std::string> prefixes(const std::vector<Named>& parameters, size_t depth) {
  std::vector<std::string> out;
  for (const Named& parameter : parameters) {
    auto parts = split(parameter.name, '.');
    parts.resize(std::min(depth, parts.size() - 1));
    const std::string prefix = join(parts, ".");
    if (!prefix.empty() && std::find(out.begin(), out.end(), prefix) == out.end()) out.push_back(prefix);
  }
  // A module that only wraps another names nothing.
  return out.size() == 1 && depth < 5 ? prefixes(parameters, depth + 1) : out;
}

}  // namespace

Unfrozen unfreeze(torch::jit::Module& base, const std::string& what, bool norms) {
  std::vector<Named> parameters = parameters_of(base);
  if (parameters.empty())
    throw UsageError(
        "--fine-tune: the base is frozen for good (it has constants, no parameters); save it without torch.jit.freeze");
  size_t first = 0;
  if (is_number(what)) first = first_of_last(parameters, what.size() > 6 ? 1'000'000 : std::stoll(what));
  Unfrozen out;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const bool chosen =
        what == "all" || is_number(what) ? i >= first : starts_with(parameters[i].name + ".", what + ".");
    const bool trained = chosen && (norms || !parameters[i].norm);
    parameters[i].tensor.set_requires_grad(trained);
    if (!trained) continue;
    out.parameters.push_back(parameters[i].tensor);
    out.names.push_back(parameters[i].name);
  }
  if (out.parameters.empty()) throw UsageError("--fine-tune: " + unknown_word("layer", what, prefixes(parameters, 1)));
  return out;
}

}  // namespace cvtool
