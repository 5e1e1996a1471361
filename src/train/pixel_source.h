// Examples that are photos, or what a frozen part of the net makes of them: loaded, in training augmented, on the
// device.
#pragma once

#include <functional>
#include <memory>

#include "augment/augment.h"
#include "data/loader.h"
#include "train/examples.h"
#include "train/profile.h"

namespace cvtool {

struct PixelSourceOptions {
  int64_t batch = 32;
  at::Device device = at::kCPU;
  EpochOrder order;
  bool training = false;                       // augmented; else as in evaluation
  std::shared_ptr<const Augmenter> augmenter;  // may be null: nothing to do
  // What is made of the pixels that a step would be fed (a frozen part of the net); may be empty.
  std::function<at::Tensor(const at::Tensor& pixels)> frozen;
  // Workers do all of this, each in a thread that computes alone; else next() does, as on a GPU: where each operation
  // of a step takes every core, one that shares its core with a worker would hold up the others.
  bool ahead = true;
  Profile* profile = nullptr;  // of reading and augmenting; may be null
};

// `store` is scanned and outlives the source. x is [N,C,H,W] RGB 0..255, u8 where nothing changed its type, or what
// options.frozen gives.
std::unique_ptr<ExampleSource> pixel_source(const PhotoStore& store, PixelSourceOptions options);

}  // namespace cvtool
