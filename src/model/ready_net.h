// A classifier made ready to be asked. Making it so takes LibTorch longer than a photo does, so what came of it is
// kept.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>

#include "base/fields.h"

namespace cvtool {

struct ReadyNet {
  // Frozen, in evaluation mode, on `device`. forward: pixels [N,C,H,W] u8 or f32 -> logits [N,units] f32, with the
  // features behind them where a dense layer gives them (see tap_features). probabilities: such logits -> [N,K].
  // sigmoids, where the last layer has several sigmoid units: such logits -> each unit's own, without a temperature.
  torch::jit::Module module;
  at::Device device;
};

// `classifier` (see Net::module) does not change.
ReadyNet ready_net(const torch::jit::Module& classifier, at::Device device);

struct ReadyModel {
  Json info;  // see ModelFile
  ReadyNet net;
  bool has_net = true;  // see ModelFile::has_net
};

// What load_model (ModelCheck::kOnce) and ready_net give. On the CPU the net of a file that was checked before is read
// from the cache "nets", where it is kept by the file's digest; a cache that cannot be read or written is no error.
ReadyModel load_ready_model(const std::string& path, at::Device device);

}  // namespace cvtool
