// A pretrained base: any TorchScript that makes features of pixels, with what is known of it in the extra file
// `cvtool.json`.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "spec/backbone_names.h"

namespace cvtool {

constexpr int64_t kBackboneFormat = 1;

struct BackboneFile {
  // forward: [N,3,H,W] f32, preprocessed as info["preprocess"] says -> feature map [N,C,h,w] or vector [N,D], f32.
  // Evaluation mode, CPU. One that cvtool made is a straight chain of its children (x = self.child.forward(x)).
  torch::jit::Module module;
  // Always: "format", "kind" ("base"), "name", "preprocess" (a word or object as model.preprocess takes; null where
  // the file does not say). Of cvtool's own import also "variant", "parameters" ({"alpha": 1.0}), "imgsz" (the size
  // it was trained with), "output", "licence", "weights" ({"file", "sha256"}), "net" (the spec that the module
  // was compiled from).
  Json info;
};

// The file of a base: a path (with '/' or ending in .pt) as it is, a name from backbone_folders(). Throws UsageError: a
// path that is not there, a mistyped name with the nearest one, and a known base that has not been imported with the
// commands that get it.
std::string backbone_path(const std::string& name_or_path);

// Reads any TorchScript file, cvtool's own or traced or scripted in Python, frozen or not. Throws Error with the
// reason: truncated or damaged, not TorchScript, without forward or without any weights, a finished model of cvtool.
BackboneFile load_backbone(const std::string& path);

// Writes the backbone atomically; the same base gives the same bytes. The module must be on the CPU. Throws Error.
void save_backbone(const std::string& path, const BackboneFile& backbone);

}  // namespace cvtool
