#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "engine/base_import.h"
#include "engine/jobs.h"
#include "engine/output_check.h"
#include "model/archived/weight_archive.h"
#include "model/bases/checkpoint_config.h"
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

// Not the name of a backbone or of weights.
bool is_file_or_folder(const std::string& text) {
  std::error_code error;
  return ends_with(text, ".safetensors") || text.find('/') != std::string::npos ||
         (fs::exists(text, error) && !choice_of_file_name(text));
}

// Of weights alone, by the config beside them.
ImportRequest request_of_file(const ImportRequest& given, const std::string& file) {
  if (!given.weights.empty())
    throw UsageError(given.backbone +
                     ": is a file already; leave --weights out, or write the backbone's name before it");
  if (!fs::exists(file)) throw UsageError(file + ": there is no such file");
  const auto config = config_beside(file);
  if (!config)
    throw UsageError(file +
                     ": is no model of cvtool, and no config.json beside it says of which net these weights are; "
                     "say it: cvtool import BACKBONE --weights " +
                     file);
  const BackboneChoice choice = choice_of_config(*config);
  ImportRequest request = given;
  request.backbone = choice.spec.name;
  if (request.variant.empty()) request.variant = choice.spec.variant;
  request.weights = file;
  return request;
}

}  // namespace

ImportResult import_job(const ImportRequest& given, Observer& observer) {
  ImportRequest request = given;
  if (is_file_or_folder(given.backbone)) {
    const std::string file = fs::is_directory(given.backbone) ? weights_in_folder(given.backbone) : given.backbone;
    if (!info_in_weight_archive(file).empty()) return import_model(given);
    request = request_of_file(given, file);
  }
  choose_backbone(wish_of(request));  // wrong usage is said before the machine is asked anything
  prepare_process(0);
  return import_base(request, {}, observer);
}

}  // namespace cvtool
