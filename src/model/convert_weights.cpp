#include "model/convert_weights.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "model/weights/raw_tensor.h"

namespace cvtool {
namespace {

at::Tensor kernel_from_keras(const at::Tensor& kernel) {
  return kernel.dim() == 2 ? dense_weight_from_keras(kernel) : conv_weight_from_keras(kernel);
}
at::Tensor unchanged(const at::Tensor& value) { return value; }

struct VariableRow {
  const char* keras;
  const char* torch;
  at::Tensor (*convert)(const at::Tensor&);
};
constexpr VariableRow kVariables[] = {
    {"kernel", "weight", kernel_from_keras},
    {"depthwise_kernel", "weight", depthwise_weight_from_keras},
    {"bias", "bias", unchanged},
    {"gamma", "weight", unchanged},
    {"beta", "bias", unchanged},
    {"moving_mean", "running_mean", unchanged},
    {"moving_variance", "running_var", unchanged},
};

const VariableRow* variable_of(const std::string& name) {
  const auto slash = name.rfind('/');
  if (slash == std::string::npos) return nullptr;
  for (const auto& row : kVariables) {
    if (name.compare(slash + 1, std::string::npos, row.keras) == 0) return &row;
  }
  return nullptr;
}

void expect_dimensions(const at::Tensor& kernel, int64_t dimensions, const char* layout) {
  if (kernel.dim() == dimensions) return;
  throw Error("a Keras kernel of shape " + dimensions_text(kernel.sizes().vec()) + " is not " + layout +
              "; only 2-D convolutions and dense layers are read");
}

// Keras 1 wrote "LAYER/LAYER_W" and later "LAYER/LAYER_W_1"; the official VGG16 file has kept these names.
std::string keras_2_name(const std::string& name) {
  const auto slash = name.rfind('/');
  if (slash == std::string::npos) return name;
  const std::string layer = name.substr(0, slash), last = name.substr(slash + 1);
  if (last == layer + "_W" || last == layer + "_W_1") return layer + "/kernel";
  if (last == layer + "_b" || last == layer + "_b_1") return layer + "/bias";
  return name;
}

}  // namespace

at::Tensor conv_weight_from_keras(const at::Tensor& kernel) {
  expect_dimensions(kernel, 4, "[height, width, in, out]");
  return kernel.permute({3, 2, 0, 1}).contiguous();
}

at::Tensor depthwise_weight_from_keras(const at::Tensor& kernel) {
  expect_dimensions(kernel, 4, "[height, width, in, multiplier]");
  const int64_t channels = kernel.size(2) * kernel.size(3);
  return kernel.permute({2, 3, 0, 1}).reshape({channels, 1, kernel.size(0), kernel.size(1)}).contiguous();
}

at::Tensor dense_weight_from_keras(const at::Tensor& kernel) {
  expect_dimensions(kernel, 2, "[in, out]");
  return kernel.t().contiguous();
}

std::string keras_name(const std::string& name) {
  const auto colon = name.rfind(':');
  const bool numbered = colon != std::string::npos && colon + 1 < name.size() &&
                        name.find_first_not_of("0123456789", colon + 1) == std::string::npos;
  return keras_2_name(numbered ? name.substr(0, colon) : name);
}

bool is_keras(const StateDict& dict) {
  const auto& entries = dict.entries();
  return !entries.empty() && std::all_of(entries.begin(), entries.end(), [](const NamedTensor& entry) {
    return variable_of(keras_name(entry.name)) != nullptr;
  });
}

StateDict torch_from_keras(const StateDict& keras) {
  StateDict dict(keras.origin());
  dict.metadata = keras.metadata;
  for (const auto& entry : keras.entries()) {
    const std::string name = keras_name(entry.name);
    const VariableRow* variable = variable_of(name);
    if (!variable) {
      throw Error(keras.origin() + ": tensor '" + entry.name +
                  "' is of no Keras layer that cvtool reads (convolution, depthwise convolution, dense, batch "
                  "normalization); pass weights without it");
    }
    std::string layer = name.substr(0, name.rfind('/'));
    std::replace(layer.begin(), layer.end(), '/', '.');
    dict.add(layer + "." + variable->torch, variable->convert(entry.value));
  }
  return dict;
}

}  // namespace cvtool
