#include <spdlog/spdlog.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "base/version.h"
#include "engine/jobs.h"
#include "engine/output_check.h"
#include "export/archive_files.h"
#include "model/backbone_import.h"
#include "model/compile.h"
#include "model/tensor_names.h"
#include "model/weights/download.h"
#include "model/weights/sha256.h"
#include "torch/device.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr int64_t kMegabyte = 1000000;

// Fetches the official file into the cache; returns its path.
std::string fetch_weights(const BackboneChoice& choice, bool briefly, Observer& observer) {
  const std::string commands = import_commands(choice);
  const auto files = official_weights(choice);
  if (files.empty() || files.front().sha256.empty())
    throw UsageError("the weights of " + choice.spec.name + " (" + choice.spec.variant +
                     ") are not fetched by cvtool, pass a file of them:\n" + commands);
  const std::string file = fs::path(files.front().url).filename().string();
  Download wanted;
  wanted.url = files.front().url;
  wanted.sha256 = files.front().sha256;
  wanted.path = cache_folder() + "/weights/" + file;
  wanted.next_step = "try again with\n" + commands;
  wanted.progress = [&observer, file](int64_t done, int64_t total) {
    if (total > 0)
      observer.progress({"Fetching " + file + ", MB", done / kMegabyte, total / kMegabyte, std::nan(""), std::nan("")});
    return !observer.stop_requested();
  };
  constexpr int64_t kBriefly = 4;
  if (briefly)
    wanted.first_byte_s = kBriefly;
  else
    spdlog::info("fetching {} ({})", wanted.url, files.front().size);
  download(wanted);
  return wanted.path;
}

std::string output_path(const ImportRequest& request, const BackboneChoice& choice) {
  if (!request.output.empty()) return request.output;
  const std::string folder = user_data_folder() + "/bases";
  make_folders(folder);
  return folder + "/" + backbone_file_name(choice) + ".pt";
}

ImportResult written(const std::string& file) {
  ImportResult result;
  result.file = file;
  result.bytes = is_stream(file) ? 0 : static_cast<int64_t>(fs::file_size(file));
  return result;
}

// A whole model, as export --format safetensors writes it.
ImportResult import_model(const ImportRequest& request) {
  if (!request.variant.empty() || request.alpha != 0 || !request.weights.empty())
    throw UsageError(request.backbone + ": is a whole model; --variant, --alpha and --weights are for backbones");
  if (!fs::exists(request.backbone)) throw UsageError(request.backbone + ": there is no such file");
  const std::string output =
      request.output.empty() ? fs::path(request.backbone).replace_extension(".pt").string() : request.output;
  check_output(output, OutputKind::kModel, {{request.backbone}, nullptr});
  prepare_process(0);
  const ModelFile model = model_from_weight_archive(request.backbone);
  const double difference = golden_difference(model);
  if (difference > kGoldenTolerance)
    throw Error(request.backbone + ": does not reproduce its golden sample (probabilities differ by " +
                fixed(difference, 4) + "); export it again");
  save_model(output, model);
  ImportResult result = written(output);
  model.info.at("classes").get_to(result.classes);
  return result;
}

}  // namespace

ImportResult import_job(const ImportRequest& request, Observer& observer) {
  if (ends_with(request.backbone, ".safetensors")) return import_model(request);
  const BackboneRequest wish{request.backbone, request.variant, request.alpha};
  const BackboneChoice chosen = choose_backbone(wish);  // wrong usage is said before anything is read or fetched
  prepare_process(0);
  const bool fetch = request.weights.empty();
  if (!fetch && !fs::exists(request.weights))
    throw UsageError("--weights " + request.weights + ": there is no such file");
  if (!request.output.empty()) check_output(request.output, OutputKind::kModel, {{request.weights}, nullptr});
  const std::string path = fetch ? fetch_weights(chosen, request.briefly, observer) : request.weights;
  const StateDict weights = read_backbone_weights(path);
  const BackboneChoice choice = fetch ? chosen : recognise_backbone(wish, weights);
  BackboneFile backbone = backbone_with_weights(choice, weights);
  backbone.info["weights"] = {{"file", fs::path(path).filename().string()}, {"sha256", sha256_of_file(path)}};
  const LayerTable table = layer_table(compile_choice(choice).rows);
  backbone.info["summary"] = table;
  backbone.info["tool"] = std::string("cvtool ") + kVersion;
  const std::string output = output_path(request, choice);
  save_backbone(output, backbone);
  // What was fetched is in the backbone now; it may be ten times as large.
  if (fetch) fs::remove(path);
  ImportResult result = written(output);
  result.backbone = choice.spec.name;
  result.variant = choice.spec.variant;
  result.parameters = choice.parameters;
  result.use = request.output.empty() ? backbone_file_name(choice) : output;
  result.output = choice.spec.output;
  result.preprocess = backbone.info["preprocess"];
  result.weights = backbone.info["weights"];
  result.licence = choice.spec.licence;
  result.total = table.total();
  return result;
}

}  // namespace cvtool
