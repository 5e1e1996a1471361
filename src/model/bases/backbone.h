// A pretrained backbone in a net: any TorchScript file between the preprocessing and the layers, frozen.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <optional>
#include <string>

#include "base/json.h"
#include "model/layer.h"

namespace cvtool {

struct Base {
  torch::jit::Module module;  // see BackboneFile::module
  Json preprocess = "unit";   // as NetSpec::preprocess takes it
  // name, file, sha256, preprocess, parameters; of cvtool's own import imgsz, licence and net (see BackboneFile::info)
  Json info;
  std::optional<Shape> features = {};  // of pictures of the net's size; empty: found by a trial run
};

// The preprocess of a base that `stated` nothing else (null) is torchvision's.
Json preprocess_or_default(const Json& stated);

// Opens a backbone by name or path (see backbone_path). Throws UsageError where it is not there, Error where the file
// is none.
Base open_backbone(const std::string& name_or_path);

// Registers the backbone as `net.base`: no gradients, evaluation mode. A trial run on pixels of `input` finds the shape
// that comes out. Returns its row of the summary. Throws Error with the reason when the file does not take [N,3,H,W]
// floats or does not give [N,C,h,w] or [N,D].
SummaryRow attach_backbone(const Base& backbone, const Shape& input, torch::jit::Module& net);

// Numbers in a module as Keras counts them: parameters and batch-norm statistics, or the constants of a frozen file.
int64_t count_numbers(const torch::jit::Module& module);

}  // namespace cvtool
