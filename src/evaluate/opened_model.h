// A model file made ready to work: what eval and predict begin with.
#pragma once

#include <string>

#include "evaluate/photo_predictor.h"
#include "model/model_file.h"
#include "spec/recipe.h"
#include "spec/requests.h"

namespace cvtool {

struct OpenedModel {
  std::string path;
  ModelFile file;
  Recipe recipe;  // the one it was trained by
  PhotoPredictor predictor;
};

// `model` as --model takes it, `precision` "auto", "fp32" or "bf16". Prepares the process for work. Throws UsageError
// for a device or model that is not there, Error for a file that is no model.
OpenedModel open_model(const std::string& model, const std::string& precision, const ComputeOptions& run,
                       const TtaPlan& tta = {});

}  // namespace cvtool
