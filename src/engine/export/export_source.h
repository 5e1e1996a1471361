// What export begins with: the model, and the pictures that the exported file is compared on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/observer.h"
#include "model/model_file.h"
#include "spec/requests.h"

namespace cvtool {

struct ExportSource {
  std::string path;
  torch::jit::Module module;       // evaluation mode, CPU
  std::optional<ModelFile> model;  // none: TorchScript that is not a cvtool model (a backbone)
  ImageSize size;
  PixelFormat pixels;  // of the photos that it takes
  Json base;           // of a backbone, what its cvtool.json says; null: nothing
};

// The model that --model means, or a TorchScript file. Throws UsageError or Error.
ExportSource open_export_source(const ExportRequest& request);

struct ExportPictures {
  at::Tensor pixels;  // [N,C,H,W], channels last: u8 for a model, its golden picture first; f32 noise for a backbone
  std::vector<int64_t> labels;  // of pixels behind the golden picture; empty: not known
  std::string what;             // "the golden sample and 64 drawn pictures"
};

// The golden sample and 64 drawn pictures, or the photos of --verify-data (its test, else valid photos; at most 1,000).
ExportPictures export_pictures(const ExportSource& source, const ExportRequest& request, Observer& observer);

// Photos of a folder of any structure, at most 256, as [N,C,H,W] u8, channels last. Throws DataError when none can be
// read.
at::Tensor calibration_pictures(const ExportSource& source, const ExportRequest& request, Observer& observer);

// What the module gives for the pictures ([N,C,H,W], channels last), [N,K] (or [N,...]) f32.
at::Tensor outputs_of(torch::jit::Module module, const at::Tensor& pixels);

// Fraction of labels that the rows of `outputs` behind the first hit.
double accuracy_of(const at::Tensor& outputs, const std::vector<int64_t>& labels);

}  // namespace cvtool
