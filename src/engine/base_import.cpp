#include "engine/base_import.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "base/version.h"
#include "engine/output_check.h"
#include "model/bases/checkpoint_config.h"
#include "model/compile.h"
#include "model/weights/download.h"
#include "model/weights/sha256.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr int64_t kMegabyte = 1000000;

// Fetches the official file into the cache; returns its path.
std::string fetch_weights(const BackboneChoice& choice, const FetchPatience& patience, Observer& observer) {
  const std::string commands = import_commands(choice);
  const auto files = official_weights(choice);
  if (files.empty() || !files.front().can_be_fetched())
    throw UsageError("the weights of " + choice.spec.name + " (" + choice.spec.variant +
                     ") are not fetched by cvtool, pass a file of them:\n" + commands);
  const std::string file = fs::path(files.front().url).filename().string();
  Download wanted;
  wanted.url = files.front().url;
  wanted.sha256 = files.front().sha256;
  wanted.path = cache_folder() + "/weights/" + file;
  wanted.next_step = "try again with\n" + commands;
  wanted.connect_s = patience.connect_s;
  wanted.first_byte_s = patience.first_byte_s;
  wanted.patience_s = patience.slow_s;
  wanted.min_bytes_per_s = patience.min_bytes_per_s;
  wanted.progress = [&observer, file](int64_t done, int64_t total) {
    if (total > 0)
      observer.progress({"Fetching " + file + ", MB", done / kMegabyte, total / kMegabyte, std::nan(""), std::nan("")});
    return !observer.stop_requested();
  };
  if (patience.announcement.empty())
    spdlog::info("fetching {}{}", wanted.url, files.front().size.empty() ? "" : " (" + files.front().size + ")");
  else
    spdlog::info("{}", patience.announcement);
  download(wanted);
  return wanted.path;
}

// What is known of a file of weights beside its tensors.
struct KnownFile {
  std::optional<WeightEntry> entry;  // its row in the table, by its checksum
  StatedInput input;
  std::string said_by;  // "config.json", "the table of weights"; empty: nobody says anything of its input
};

KnownFile known_file(const BackboneChoice& choice, const std::string& digest,
                     const std::optional<CheckpointConfig>& config) {
  KnownFile known;
  for (const WeightEntry& entry : weight_table().entries)
    if (entry.base == choice.spec.name && !entry.sha256.empty() && starts_with(digest, entry.sha256))
      known.entry = entry;
  if (config) {
    known.input = config->input;
    known.said_by = "config.json";
  } else if (known.entry && known.entry->imgsz > 0) {
    known.input = {{}, known.entry->imgsz, known.entry->crop, known.entry->interpolation};
    known.said_by = "the table of weights";
  }
  return known;
}

// What is known of the file wins over what the spec says of all of its kind.
void use(const KnownFile& known, BackboneChoice& choice) {
  if (known.entry && !known.entry->licence.empty()) choice.spec.licence = known.entry->licence;
  if (!known.input.preprocess.is_null()) choice.spec.model["preprocess"] = known.input.preprocess;
  if (known.input.imgsz > 0) choice.spec.imgsz = known.input.imgsz;
}

Json input_json(const KnownFile& known) {
  Json json{{"imgsz", known.input.imgsz}};
  if (known.input.crop > 0) json["crop"] = known.input.crop;
  if (!known.input.interpolation.empty()) json["interpolation"] = known.input.interpolation;
  json["said_by"] = known.said_by;
  return json;
}

// Of two variants with the same tensors, the one that the config names.
BackboneRequest variant_of_config(BackboneRequest wish, const std::optional<CheckpointConfig>& config) {
  const auto names = backbone_names();
  if (!config || !wish.variant.empty() || std::find(names.begin(), names.end(), wish.name) == names.end()) return wish;
  for (const BackboneSpec& spec : backbone_variants(wish.name))
    if (is_config_of(config->config, spec)) wish.variant = spec.variant;
  return wish;
}

}  // namespace

BackboneRequest wish_of(const ImportRequest& request) { return {request.backbone, request.variant, request.alpha}; }

std::string base_output(const BackboneChoice& choice) {
  const std::string folder = user_data_folder() + "/bases";
  make_folders(folder);
  return folder + "/" + backbone_file_name(choice) + ".pt";
}

ImportResult result_of_file(const std::string& file) {
  ImportResult result;
  result.file = file;
  result.bytes = is_stream(file) ? 0 : static_cast<int64_t>(fs::file_size(file));
  return result;
}

ImportResult import_base(const ImportRequest& request, const FetchPatience& patience, Observer& observer) {
  const BackboneRequest wish = wish_of(request);
  const BackboneChoice chosen = choose_backbone(wish);  // wrong usage is said before anything is read or fetched
  const bool fetch = request.weights.empty();
  if (!fetch && !fs::exists(request.weights))
    throw UsageError("--weights " + request.weights + ": there is no such file");
  if (!request.output.empty()) check_output(request.output, OutputKind::kModel, {{request.weights}, nullptr});
  const std::string path = fetch ? fetch_weights(chosen, patience, observer) : request.weights;
  const StateDict weights = read_backbone_weights(path);
  const std::string digest = sha256_of_file(path);
  const auto config = fetch ? std::nullopt : config_beside(path);
  BackboneChoice choice = fetch ? chosen : recognise_backbone(variant_of_config(wish, config), weights);
  const KnownFile known = known_file(choice, digest, config);
  use(known, choice);
  BackboneFile backbone = backbone_with_weights(choice, weights);
  backbone.info["weights"] = {{"file", fs::path(path).filename().string()}, {"sha256", digest}};
  if (known.entry) backbone.info["weights"]["name"] = known.entry->name;
  if (!known.said_by.empty()) backbone.info["weights"]["input"] = input_json(known);
  const LayerTable table = layer_table(compile_choice(choice).rows);
  backbone.info["summary"] = table;
  backbone.info["tool"] = std::string("cvtool ") + kVersion;
  const std::string output = request.output.empty() ? base_output(choice) : request.output;
  save_backbone(output, backbone);
  // What was fetched is in the backbone now; it may be ten times as large.
  if (fetch) fs::remove(path);
  ImportResult result = result_of_file(output);
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
