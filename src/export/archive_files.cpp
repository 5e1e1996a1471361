#include "export/archive_files.h"

#include <ATen/ATen.h>
#include <torch/script.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "model/compile.h"
#include "model/model_info.h"
#include "model/state_dict.h"

namespace cvtool {
namespace {

constexpr const char* kInfoKey = "cvtool.json";
constexpr const char* kGoldenKey = "golden_picture";
constexpr const char* kTemperature = "temperature";  // as the attribute of the module

std::string metadata(const StateDict& dict, const char* key) {
  const auto found = dict.metadata.find(key);
  if (found == dict.metadata.end())
    throw Error(dict.origin() + ": its metadata lack '" + key +
                "'; only files of cvtool export --format safetensors are whole models");
  return found->second;
}

double temperature_of(const StateDict& dict) {
  const Json value = Json::parse(metadata(dict, kTemperature), nullptr, /*allow_exceptions=*/false);
  if (!value.is_number() || !(value.get<double>() > 0))
    throw Error(dict.origin() + ": its temperature is damaged; export it again");
  return value;
}

NetTarget target_of(const Json& info) {
  NetTarget target;
  JsonReader reader(info, "");
  reader("imgsz", target.imgsz, Doc("").range(1, 1 << 16));
  target.classes = static_cast<int64_t>(info.at("classes").size());
  return target;
}

std::vector<ExpectedTensor> expected_tensors(const torch::jit::Module& module) {
  std::vector<ExpectedTensor> expected;
  for (const auto& entry : module.named_parameters(true)) expected.push_back({entry.name, entry.value.sizes().vec()});
  for (const auto& entry : module.named_buffers(true)) expected.push_back({entry.name, entry.value.sizes().vec()});
  return expected;
}

void fill(torch::jit::Module& module, const StateDict& dict) {
  at::NoGradGuard no_grad;
  check_state_dict(expected_tensors(module), dict);
  for (const auto& entry : module.named_parameters(true)) at::Tensor(entry.value).copy_(dict.at(entry.name));
  for (const auto& entry : module.named_buffers(true)) at::Tensor(entry.value).copy_(dict.at(entry.name));
}

}  // namespace

std::string weight_archive_bytes(const ModelFile& model) {
  StateDict dict("the model");
  for (const auto& entry : model.module.named_parameters(true)) dict.add(entry.name, entry.value.detach().contiguous());
  for (const auto& entry : model.module.named_buffers(true)) dict.add(entry.name, entry.value.contiguous());
  dict.metadata = {{kInfoKey, model.info.dump()},
                   {kGoldenKey, base64({static_cast<const char*>(model.golden.data_ptr()),
                                        static_cast<size_t>(model.golden.numel())})}};
  if (const std::string licence = base_licence(model.info.value("base", Json())); !licence.empty())
    dict.metadata["base_licence"] = licence;
  if (model.module.hasattr(kTemperature))
    dict.metadata[kTemperature] = Json(model.module.attr(kTemperature).toDouble()).dump();
  return safetensors_bytes(dict);
}

ModelFile model_from_weight_archive(const std::string& path) {
  const StateDict dict = read_state_dict(path);
  ModelFile model;
  model.info = Json::parse(metadata(dict, kInfoKey), nullptr, /*allow_exceptions=*/false);
  if (!model.info.is_object() || !model.info.contains("recipe"))
    throw Error(path + ": its metadata are damaged; export it again");
  const NetTarget target = target_of(model.info);
  model.module = compile_net(model.info["recipe"].at("model"), target).module;
  model.module.eval();
  fill(model.module, dict);
  if (dict.metadata.count(kTemperature) != 0) model.module.setattr(kTemperature, temperature_of(dict));
  const std::string pixels = base64_decoded(metadata(dict, kGoldenKey));
  model.golden = at::empty({1, 3, target.imgsz.height, target.imgsz.width}, at::kByte);
  if (pixels.size() != model.golden.nbytes()) throw Error(path + ": its golden picture is damaged; export it again");
  std::memcpy(model.golden.data_ptr(), pixels.data(), pixels.size());
  return model;
}

}  // namespace cvtool
