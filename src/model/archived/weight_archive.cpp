#include "model/archived/weight_archive.h"

#include <ATen/ATen.h>
#include <torch/script.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/refusal.h"
#include "base/text.h"
#include "model/archived/base.h"
#include "model/bases/backbone_file.h"
#include "model/model_info.h"
#include "model/predictor.h"
#include "model/torchscript_file.h"
#include "model/weights/file_kind.h"
#include "model/weights/safetensors.h"
#include "model/weights/sha256.h"
#include "spec/recipe.h"
#include "torch/byte_tensor.h"
#include "torch/lanes.h"
#include "torch/memory_order.h"

namespace cvtool {
namespace {

constexpr const char* kGoldenKey = "golden_picture";
constexpr const char* kTemperature = "temperature";  // as the attribute of the module
constexpr const char* kLicenceKey = "base_licence";
constexpr const char* kUnitsKey = "sigmoid_units";
constexpr const char* kIndependent = "independent";
constexpr size_t kDigestDigits = 64;
constexpr const char* kExportAgain = "copy or export it again";

// The place of the digest in the header of a file that says `digest`; npos where it does not stand there.
size_t digest_place(const std::string& bytes, const std::string& digest) {
  const std::string before = std::string("\"") + kDigestEntry + "\":\"";
  const size_t at = bytes.find(before + digest + "\"");
  return at == std::string::npos ? at : at + before.size();
}

// Of the bytes with zeros in the digest's own place.
std::string digest_of_bytes(std::string bytes, const std::string& digest) {
  const size_t place = digest_place(bytes, digest);
  if (place == std::string::npos) return "";
  bytes.replace(place, digest.size(), digest.size(), '0');
  return sha256_of_bytes(bytes);
}

StateDict weights_of(const torch::jit::Module& module) {
  StateDict dict("the model");
  for (const NamedTensor& entry : named_tensors(module)) dict.add(entry.name, entry.value.detach().contiguous());
  return dict;
}

// A small file is no reason to make a large net: it holds every weight. Where some are missing, they are named later.
NetTarget target_of(const WeightArchive& archive, const Recipe& recipe) {
  NetTarget target{input_size(recipe), static_cast<int64_t>(archive.info.at("classes").size())};
  target.channels = recipe.data.channels;
  target.independent_units = archive.independent_units;
  target.most_weights = 1e6;
  for (const NamedTensor& entry : archive.weights.entries())
    target.most_weights += 2 * static_cast<double>(entry.value.numel());
  return target;
}

// The net of `archive` on this base (null: none), with its weights.
torch::jit::Module filled(const WeightArchive& archive, const Base* base) {
  const Recipe recipe = recipe_from_json(archive.info.at("recipe"), archive.path + ": ");
  // What the recipe names is never opened: it may be any file of the reader's machine.
  const Json named = recipe.model.is_object() ? recipe.model.value("base", Json("")) : Json("");
  if (!base && named != "")
    throw Error(archive.path + ": its recipe names a base, of which the file says nothing; " + kExportAgain);
  torch::jit::Module module;
  try {
    module = compile_net(recipe.model, target_of(archive, recipe), base).module;
  } catch (const std::exception& error) {
    if (refused_by_machine(error)) throw;
    throw Error(archive.path + ": the net that it describes cannot be made (" + libtorch_reason(error.what()) + "); " +
                kExportAgain);
  }
  module.eval();
  const at::NoGradGuard no_grad;
  std::vector<ExpectedTensor> expected;
  const std::vector<NamedTensor> slots = named_tensors(module);
  for (const auto& [name, tensor] : slots) expected.push_back({name, tensor.sizes().vec()});
  if (const WeightMismatch mismatch = compare_weights(expected, archive.weights); !mismatch.empty())
    throw Error(archive.path + ": its tensors are not those of the net that it describes; " + kExportAgain +
                mismatch.text());
  for (const auto& [name, tensor] : slots)
    if (const at::Tensor* value = archive.weights.find(name)) tensor.copy_(*value);
  if (module.hasattr(kTemperature)) module.setattr(kTemperature, archive.temperature);
  use_channels_last(module);  // as training leaves them
  return module;
}

torch::jit::Module on_net(const WeightArchive& archive, const Json& info, const Json& net) {
  const Recipe recipe = recipe_from_json(archive.info.at("recipe"), archive.path + ": ");
  Base base;
  try {
    base = compiled_base(info, net, target_of(archive, recipe));
  } catch (const std::exception& error) {
    if (refused_by_machine(error)) throw;
    throw Error(archive.path + ": the base that it describes cannot be made (" + libtorch_reason(error.what()) + "); " +
                kExportAgain);
  }
  return filled(archive, &base);
}

// By one core; of the golden picture, with the channels last as everywhere.
at::Tensor logits_for(torch::jit::Module module, const at::Tensor& picture) {
  const Lane lane;
  const at::NoGradGuard no_grad;
  return module.get_method("logits")({channels_last(picture)}).toTensor();
}

// Version 0.1.0 wrote no digest; a digest whose name is damaged is none of its.
void check_old_entries(const std::string& path, const std::map<std::string, std::string>& metadata) {
  for (const auto& [key, unused] : metadata)
    if (key != kInfoFile && key != kGoldenKey && key != kTemperature && key != kLicenceKey)
      throw Error(path + ": carries no digest but '" + printable(key) + "', which no cvtool writes so; " +
                  kExportAgain);
}

double temperature_of(const torch::jit::Module& module) {
  return module.hasattr(kTemperature) ? module.attr(kTemperature).toDouble() : 1;
}

// Earlier versions' units of several sigmoids, told by the method that they lack.
bool has_independent_units(const ModelFile& model) {
  if (model.module.find_method("sigmoids")) return false;
  const at::NoGradGuard no_grad;
  torch::jit::Module module = model.module;
  const at::Tensor p = module.get_method("probabilities")({at::ones({1, 2})}).toTensor();
  return p.size(1) == 2 && p[0][0].item<float>() > 0.6F;  // sigmoid(1); a softmax gives 1/2
}

// The net spec from which the base that `archive` holds the weights of is compiled to the same bits; null: none.
Json net_of_base(const ModelFile& model, const WeightArchive& archive) {
  const Json info = archive.info.at("base");
  const at::Tensor expected = logits_for(model.module, model.golden);
  for (const Json& net : base_nets(info, archive.weights)) try {
      if (logits_for(on_net(archive, info, net), model.golden).equal(expected)) return net;
    } catch (const Error&) {
      continue;  // says of itself what it is not: then it is one of the others
    }
  return nullptr;
}

}  // namespace

std::string weight_archive_bytes(const ModelFile& model) {
  WeightArchive archive;
  archive.path = "the model";
  archive.weights = weights_of(model.module);
  archive.info = model.info;
  archive.temperature = temperature_of(model.module);
  archive.independent_units = has_independent_units(model);
  if (model.info.value("base", Json()).is_object()) {
    const Json net = net_of_base(model, archive);
    archive.info["base"].erase("net");
    if (!net.is_null()) archive.info["base"]["net"] = net;
  }
  auto& metadata = archive.weights.metadata;
  metadata = {{kInfoFile, archive.info.dump()},
              {kGoldenKey, base64(bytes_of_tensor(model.golden))},
              {kTemperature, Json(archive.temperature).dump()},
              {kDigestEntry, std::string(kDigestDigits, '0')}};
  if (archive.independent_units) metadata[kUnitsKey] = kIndependent;
  if (const std::string licence = base_licence(model.info.value("base", Json())); !licence.empty())
    metadata[kLicenceKey] = licence;
  std::string bytes = safetensors_bytes(archive.weights);
  bytes.replace(digest_place(bytes, metadata[kDigestEntry]), kDigestDigits, sha256_of_bytes(bytes));
  return bytes;
}

bool is_weight_archive(const std::string& path, const std::string& bytes) {
  return is_safetensors(bytes) || (ends_with(lower(path), ".safetensors") && bytes.compare(0, 2, "PK") != 0 &&
                                   kind_of_file({nullptr, bytes}).what.empty());
}

bool is_weight_archive(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && is_weight_archive(path, read_file(path));
}

std::string info_in_weight_archive(const std::string& path) {
  const auto metadata = safetensors_metadata(path);
  const auto found = metadata.find(kInfoFile);
  return found == metadata.end() ? "" : found->second;
}

WeightArchive read_weight_archive(const std::string& path, const std::string& bytes) {
  RawStateDict raw = read_safetensors({nullptr, bytes}, path);
  check_tensors(raw, bytes.size());
  auto metadata = raw.metadata;
  if (metadata.count(kInfoFile) == 0)
    throw Error(path +
                ": holds weights without a net (its metadata lack 'cvtool.json'); whole models are those of cvtool "
                "export --format safetensors, and cvtool import BASE --weights FILE makes a backbone of weights");
  WeightArchive archive;
  archive.path = path;
  archive.info = checked_model_info(path, metadata[kInfoFile]);
  archive.weights = state_dict_of(std::move(raw));
  try {
    archive.golden = base64_decoded(metadata[kGoldenKey]);
  } catch (const Error&) {
    archive.golden.clear();  // refused where its size is looked at
  }
  if (metadata.count(kTemperature) != 0) {
    const Json value = Json::parse(metadata[kTemperature], nullptr, /*allow_exceptions=*/false);
    if (!value.is_number() || !(value.get<double>() > 0))
      throw Error(path + ": its temperature is damaged; " + kExportAgain);
    archive.temperature = value.get<double>();
  }
  if (metadata.count(kDigestEntry) == 0) {
    check_old_entries(path, metadata);
    archive.independent_units = true;  // whoever wrote such a file had no others
  } else {
    archive.independent_units = metadata[kUnitsKey] == kIndependent;
    archive.digest = {metadata[kDigestEntry], digest_of_bytes(bytes, metadata[kDigestEntry])};
  }
  return archive;
}

torch::jit::Module module_of(const WeightArchive& archive, const torch::jit::Module* base) {
  const Json info = archive.info.value("base", Json());
  if (!info.is_object()) return filled(archive, nullptr);
  if (info.contains("net")) return on_net(archive, info, info["net"]);
  if (base) {
    const Base own = base_of_module(info, base->deepcopy());
    return filled(archive, &own);
  }
  if (const std::string file = base_file_of_digest(info); !file.empty()) {
    const Base found = base_of_module(info, load_backbone(file).module);
    return filled(archive, &found);
  }
  // Version 0.1.0 wrote no spec of the base, but everything else that is needed.
  const at::Tensor golden = golden_picture(archive.info, archive.golden);
  for (const Json& net : base_nets(info, archive.weights)) {
    ModelFile model;
    model.module = on_net(archive, info, net);
    model.info = archive.info;
    model.golden = golden;
    if (golden.defined() && golden_difference(model) <= kGoldenTolerance) return model.module;
  }
  throw Error(archive.path + ": " + missing_base_text(info));
}

}  // namespace cvtool
