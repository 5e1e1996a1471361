// Examples that are photos: loaded, in training augmented, on the device.
#pragma once

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
  Profile* profile = nullptr;                  // of reading and augmenting; may be null
};

// `store` is scanned and outlives the source. On the processor the store's workers augment too, each in its own thread;
// on a GPU next() does. x is [N,3,H,W] RGB 0..255, u8 where nothing changed its type.
std::unique_ptr<ExampleSource> pixel_source(const PhotoStore& store, PixelSourceOptions options);

}  // namespace cvtool
