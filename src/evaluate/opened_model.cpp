#include "evaluate/opened_model.h"

#include <nlohmann/json.hpp>

#include "model/remembered.h"
#include "run/run_directory.h"
#include "torch/device.h"

namespace cvtool {

OpenedModel open_model(const std::string& model, const std::string& precision, const ComputeOptions& run,
                       const TtaPlan& tta) {
  const at::Device device = device_from_text(run.device);
  prepare_process(static_cast<int>(run.threads));
  const std::string path = model_path(model);
  const bool known = is_remembered(path);
  ModelFile file = load_model(path, known ? ModelCheck::kNone : ModelCheck::kFull);
  if (!known) remember(path);
  Recipe recipe = recipe_from_json(file.info.at("recipe"), path + ": ");
  std::string why;
  PhotoPredictor predictor({file.module, device, precision_from_text(precision, device, why)}, recipe, tta);
  return {path, std::move(file), std::move(recipe), std::move(predictor)};
}

}  // namespace cvtool
