// The build functions behind the table of layer kinds (model/layers/layer_kinds.cpp).
#pragma once

#include "base/fields.h"
#include "model/layer.h"
#include "model/layers/initializers.h"

namespace cvtool {

BuiltLayer build_conv2d(const Json& spec, const LayerContext& context);
BuiltLayer build_depthwise_conv2d(const Json& spec, const LayerContext& context);
BuiltLayer build_max_pool2d(const Json& spec, const LayerContext& context);
BuiltLayer build_avg_pool2d(const Json& spec, const LayerContext& context);
BuiltLayer build_global_max_pool2d(const Json& spec, const LayerContext& context);
BuiltLayer build_global_avg_pool2d(const Json& spec, const LayerContext& context);
BuiltLayer build_batch_norm(const Json& spec, const LayerContext& context);
BuiltLayer build_class_token(const Json& spec, const LayerContext& context);
BuiltLayer build_dense(const Json& spec, const LayerContext& context);
BuiltLayer build_layer_norm(const Json& spec, const LayerContext& context);
BuiltLayer build_layer_scale(const Json& spec, const LayerContext& context);
BuiltLayer build_lrn(const Json& spec, const LayerContext& context);
BuiltLayer build_multi_head_attention(const Json& spec, const LayerContext& context);
BuiltLayer build_tokens(const Json& spec, const LayerContext& context);
BuiltLayer build_flatten(const Json& spec, const LayerContext& context);
BuiltLayer build_dropout(const Json& spec, const LayerContext& context);
BuiltLayer build_activation(const Json& spec, const LayerContext& context);
BuiltLayer build_rescale(const Json& spec, const LayerContext& context);
BuiltLayer build_squeeze_excite(const Json& spec, const LayerContext& context);
BuiltLayer build_stochastic_depth(const Json& spec, const LayerContext& context);

// "[1, 2]": a TorchScript list.
std::string script_list(const std::array<int64_t, 2>& pair);
std::string script_number(double value);

// Throws UsageError for weights of these sizes that no memory holds, or that the file which the net is for cannot have.
void check_weights(const LayerContext& context, const std::vector<double>& sizes);

// A dense layer over the channels of a vector, or of each token: parameters weight [units,C] and bias (where `bias`).
// `activation` is the TorchScript expression of a function of x. Throws UsageError for weights that no memory holds.
struct DensePlan {
  int64_t units = 0;
  bool bias = true;
  Fans fans;
  std::string activation = "x";
};
BuiltLayer dense_layer(const DensePlan& plan, const LayerContext& context);

// Throws UsageError where the input is no list of tokens.
void check_tokens(const LayerContext& context);

// Padding of its own in front of a window's operation, as LibTorch pads both sides alike.
struct ScriptPadding {
  std::string lines;  // in front, may be empty
  std::string sides;  // TorchScript list [left, right, top, bottom] for constant_pad_nd
};

// Of a window over the variable x; of whatever size x is where the context says any_size.
ScriptPadding script_padding(const Window& window, const LayerContext& context);

// Reads the keys of a layer or composite; "kind", "name" and "repeat" are read by the compiler. `context` is what
// knows its place: a LayerContext, or the compiler's own scope.
template <class Fields, class Context>
Fields layer_fields(const Json& spec, const Context& context) {
  Fields values;
  JsonReader reader(spec, context.place);
  for (const char* key : {"kind", "name", "repeat"}) reader.also_known(key);
  fields(values, reader);
  reader.finish();
  return values;
}

}  // namespace cvtool
