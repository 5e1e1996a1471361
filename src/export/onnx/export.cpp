#include "export/onnx/export.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "base/version.h"
#include "export/onnx/interpret.h"
#include "export/onnx/verify.h"
#include "export/onnx/write.h"
#include "export/pictures.h"
#include "model/model_info.h"
#include "model/weights/sha256.h"

namespace cvtool {
namespace {

constexpr const char* kDigestKey = "cvtool.digest";
constexpr const char* kGoldenPicture = "golden_picture";
constexpr const char* kGoldenProbabilities = "golden_probabilities";

std::string digest_of(const OnnxModel& model) {
  OnnxModel bare = model;
  for (auto entry = bare.metadata.begin(); entry != bare.metadata.end();)
    entry = entry->first == kDigestKey ? bare.metadata.erase(entry) : entry + 1;
  return sha256_of_bytes(onnx_bytes(bare));
}

void describe(OnnxModel& onnx, const ModelFile& model) {
  const Json& data = model.info.at("recipe").at("data");
  onnx.doc =
      "Image classifier. Input: RGB pixels 0..255 as float32, [batch,3,height,width]; scaling is inside. Output: "
      "probabilities "
      "[batch,classes] in the order of the metadata key 'classes'.";
  onnx.metadata = {{"classes", model.info.at("classes").dump()},
                   {"imgsz", model.info.at("imgsz").dump()},
                   {"input", "RGB, 0..255, float32, [batch,3,height,width]"},
                   {"resize", data.value("resize", "stretch")},
                   {"interpolation", data.value("interpolation", "bilinear")},
                   {"cvtool.json", model.info.dump()},
                   {kGoldenPicture, base64({static_cast<const char*>(model.golden.data_ptr()),
                                            static_cast<size_t>(model.golden.numel())})}};
  add_base_licence(onnx, model.info.value("base", Json()));
}

// The golden picture [1,3,H,W] u8; undefined where it does not fit the input.
at::Tensor golden_pixels(const OnnxModel& model) {
  const std::string picture = base64_decoded(onnx_metadata(model, kGoldenPicture));
  const auto& dims = model.input.dims;
  double bytes = dims.size() == 4 ? 1 : -1;
  for (size_t d = 1; d < dims.size(); ++d) bytes *= dims[d] > 0 ? static_cast<double>(dims[d]) : -1;
  if (bytes != static_cast<double>(picture.size())) return {};
  at::Tensor pixels = at::empty({1, dims[1], dims[2], dims[3]}, at::kByte);
  std::memcpy(pixels.data_ptr(), picture.data(), picture.size());
  return pixels;
}

// [1,K] f64: what the graph gives for its golden picture; undefined where the picture does not fit the input.
at::Tensor golden_probabilities(const OnnxModel& model) {
  const at::Tensor pixels = golden_pixels(model);
  return pixels.defined() ? OnnxInterpreter(model).run(pixels.to(at::kFloat)).to(at::kDouble) : at::Tensor();
}

}  // namespace

std::string onnx_metadata(const OnnxModel& model, const std::string& key) {
  for (const auto& [name, value] : model.metadata)
    if (name == key) return value;
  return "";
}

void add_base_licence(OnnxModel& onnx, const Json& base) {
  const std::string licence = base_licence(base);
  if (!licence.empty()) onnx.metadata.emplace_back("base_licence", licence);
}

OnnxModel onnx_of_model(const torch::jit::Module& module, const ModelFile* model, const ImageSize& size) {
  const at::Tensor example = drawn_pictures(3, size.height, size.width).to(at::kFloat);
  OnnxModel onnx =
      onnx_from_torchscript(module, model ? example : (example - 127.5) / 57.0, model ? "probabilities" : "features");
  onnx.graph_name = model ? "classifier" : "base";
  onnx.producer_version = kVersion;
  if (model) describe(onnx, *model);
  return onnx;
}

void add_onnx_digest(OnnxModel& model) {
  // A backbone has no golden sample.
  if (!onnx_metadata(model, kGoldenPicture).empty()) {
    const at::Tensor p = golden_probabilities(model).contiguous();
    model.metadata.emplace_back(
        kGoldenProbabilities, Json(std::vector<double>(p.data_ptr<double>(), p.data_ptr<double>() + p.numel())).dump());
  }
  model.metadata.emplace_back(kDigestKey, digest_of(model));
}

OnnxSeal onnx_seal(const std::string& bytes) {
  const OnnxModel model = onnx_from_bytes(bytes);
  return {onnx_metadata(model, kDigestKey), digest_of(model), onnx_bytes(model) == bytes};
}

double onnx_golden_difference(const OnnxModel& model) {
  if (onnx_metadata(model, kGoldenPicture).empty()) return -1;
  const at::Tensor p = golden_probabilities(model);
  if (!p.defined()) return 1;
  const Json stored = Json::parse(onnx_metadata(model, kGoldenProbabilities), nullptr, /*allow_exceptions=*/false);
  const auto is_number = [](const Json& value) { return value.is_number(); };
  if (!stored.is_array() || stored.empty() || !std::all_of(stored.begin(), stored.end(), is_number)) return 1;
  return relative_difference(p, at::tensor(stored.get<std::vector<double>>(), at::kDouble).reshape({1, -1}));
}

}  // namespace cvtool
