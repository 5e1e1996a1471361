// What a layer of a net makes of photos.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "base/observer.h"
#include "data/loader.h"
#include "explain/flat_net.h"

namespace cvtool {

struct LayerOfNet {
  const FlatNet& net;
  size_t layer = 0;  // index into net.layers()
  std::function<at::Tensor(const at::Tensor& pixels)>
      input{};  // makes the net's pixels of the store's; empty: they are
};

// The layer's value for each photo of the store, [N,F] f32; maps and tokens as the mean of each channel. Throws Error
// (kInterrupted) where the observer asks to stop.
at::Tensor layer_values(const LayerOfNet& of, const PhotoStore& store, Observer& observer);

}  // namespace cvtool
