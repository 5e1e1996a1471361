// The values inside a net while it looks at pictures.
#pragma once

#include <vector>

#include "explain/flat_net.h"

namespace cvtool {

struct Activations {
  at::Tensor logits;               // [N,units] f32
  std::vector<at::Tensor> values;  // of the layers asked for, in their order: [N,C,H,W], [N,T,C] or [N,F]
};

// `pixels` [N,C,H,W] u8 or f32, 0..255; `layers` are indices into net.layers(). With `gradients`, autograd can be
// asked for the gradient of the logits with respect to each value, frozen weights or not. A later operation in place
// (ReLU) does not change the values.
Activations activations_of(const FlatNet& net, const at::Tensor& pixels, const std::vector<size_t>& layers,
                           bool gradients = false);

// The values of all layers for the first picture, in their order: [1,...] each.
std::vector<at::Tensor> all_values(const FlatNet& net, const at::Tensor& pixels);

// The layer of the last feature map that comes from a convolution, with what follows it at the same size (norm,
// activation, addition), or, where they come later, of the last tokens that are mixed (see token_map.h): what Grad-CAM
// looks at. Throws UsageError for a net without such a map.
size_t last_map(const FlatNet& net, const at::Tensor& pixels);

// The layer whose vector the last dense layer reads. Throws UsageError for a net without one.
size_t last_features(const FlatNet& net, const at::Tensor& pixels);

// The weights of the layer's (first) convolution [filters, channels, h, w] f32. Throws UsageError where there is none.
at::Tensor convolution_kernels(const FlatNet& net, size_t layer, const at::Tensor& pixels);

}  // namespace cvtool
