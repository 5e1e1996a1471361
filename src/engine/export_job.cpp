#include <ATen/ATen.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/device.h"
#include "base/error.h"
#include "base/text.h"
#include "engine/jobs.h"
#include "engine/run_directory.h"
#include "export/torchscript.h"
#include "model/model_file.h"

namespace cvtool {

Json export_job(const ExportRequest& request, Observer&) {
  const std::vector<std::string> formats{"torchscript"};
  if (request.format != formats[0]) throw UsageError("--format: " + unknown_word("format", request.format, formats));
  prepare_process(0);
  const std::string path = model_path(request.model);
  const ModelFile model = load_model(path);
  const std::filesystem::path beside = std::filesystem::path(path).parent_path() / "exported.pt";
  const std::string output = request.output.empty() ? beside.string() : request.output;
  std::error_code error;
  if (std::filesystem::equivalent(output, path, error)) throw UsageError("-o " + output + ": is the model itself; choose another name");
  const double difference = export_torchscript(model, output);
  return {{"file", output}, {"bytes", std::filesystem::file_size(output)}, {"format", request.format}, {"difference", difference}};
}

}  // namespace cvtool
