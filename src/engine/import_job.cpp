#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "engine/base_import.h"
#include "engine/jobs.h"
#include "engine/output_check.h"
#include "model/model_file.h"
#include "torch/device.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// A whole model, as export --format safetensors writes it.
ImportResult import_model(const ImportRequest& request) {
  if (!request.variant.empty() || request.alpha != 0 || !request.weights.empty())
    throw UsageError(request.backbone + ": is a whole model; --variant, --alpha and --weights are for backbones");
  if (!fs::exists(request.backbone)) throw UsageError(request.backbone + ": there is no such file");
  const std::string output =
      request.output.empty() ? fs::path(request.backbone).replace_extension(".pt").string() : request.output;
  check_output(output, OutputKind::kModel, {{request.backbone}, nullptr});
  prepare_process(0);
  ModelFile model = load_model(request.backbone);
  model.form = ModelForm::kTorchScript;
  save_model(output, model);
  ImportResult result = result_of_file(output);
  model.info.at("classes").get_to(result.classes);
  return result;
}

}  // namespace

ImportResult import_job(const ImportRequest& request, Observer& observer) {
  if (ends_with(request.backbone, ".safetensors")) return import_model(request);
  choose_backbone(wish_of(request));  // wrong usage is said before the machine is asked anything
  prepare_process(0);
  return import_base(request, {}, observer);
}

}  // namespace cvtool
