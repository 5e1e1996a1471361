#include "onnx/onnx_seal.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "base/fields.h"
#include "base/files.h"
#include "model/weights/sha256.h"
#include "onnx/interpret.h"

namespace cvtool {
namespace {

constexpr const char* kGoldenProbabilities = "golden_probabilities";

std::string digest_of(const OnnxModel& model) {
  OnnxModel bare = model;
  for (auto entry = bare.metadata.begin(); entry != bare.metadata.end();)
    entry = entry->first == kOnnxDigest ? bare.metadata.erase(entry) : entry + 1;
  return sha256_of_bytes(onnx_bytes(bare));
}

// Height and width of the golden picture: those of the input, or where it takes any, what the file says.
std::vector<int64_t> golden_size(const OnnxModel& model) {
  const auto& dims = model.input.dims;
  if (dims.size() != 4) return {};
  if (dims[2] > 0 && dims[3] > 0) return {dims[2], dims[3]};
  const Json said = Json::parse(onnx_metadata(model, "imgsz"), nullptr, /*allow_exceptions=*/false);
  try {
    ImageSize size;
    JsonReader(Json{{"imgsz", said}}, "")("imgsz", size, Doc("").range(1, 1 << 16));
    return {size.height, size.width};
  } catch (const UsageError&) {
    return {};
  }
}

// The golden picture [1,C,H,W] u8; undefined where it does not fit the input.
at::Tensor golden_pixels(const OnnxModel& model) {
  const std::string picture = base64_decoded(onnx_metadata(model, kOnnxGoldenPicture));
  const std::vector<int64_t> size = golden_size(model);
  if (size.empty()) return {};
  const int64_t channels = model.input.dims[1];
  if ((channels != 3 && channels != 1) ||
      static_cast<double>(channels) * static_cast<double>(size[0]) * static_cast<double>(size[1]) !=
          static_cast<double>(picture.size()))
    return {};
  at::Tensor pixels = at::empty({1, channels, size[0], size[1]}, at::kByte);
  std::memcpy(pixels.data_ptr(), picture.data(), picture.size());
  return pixels;
}

// [1,K] f64: what the graph gives for its golden picture; undefined where the picture does not fit the input.
at::Tensor computed_probabilities(const OnnxModel& model) {
  const at::Tensor pixels = golden_pixels(model);
  return pixels.defined() ? OnnxInterpreter(model).run(pixels.to(at::kFloat)).to(at::kDouble) : at::Tensor();
}

}  // namespace

std::string onnx_metadata(const OnnxModel& model, const std::string& key) {
  for (const auto& [name, value] : model.metadata)
    if (name == key) return value;
  return "";
}

void add_onnx_digest(OnnxModel& model) {
  // A backbone has no golden sample.
  if (!onnx_metadata(model, kOnnxGoldenPicture).empty()) {
    const at::Tensor p = computed_probabilities(model).contiguous();
    model.metadata.emplace_back(
        kGoldenProbabilities, Json(std::vector<double>(p.data_ptr<double>(), p.data_ptr<double>() + p.numel())).dump());
  }
  model.metadata.emplace_back(kOnnxDigest, digest_of(model));
}

OnnxSeal onnx_seal(const std::string& bytes) {
  const OnnxModel model = onnx_from_bytes(bytes);
  return {onnx_metadata(model, kOnnxDigest), digest_of(model), onnx_bytes(model) == bytes};
}

std::vector<double> onnx_golden_probabilities(const OnnxModel& model) {
  const Json stored = Json::parse(onnx_metadata(model, kGoldenProbabilities), nullptr, /*allow_exceptions=*/false);
  const auto is_number = [](const Json& value) { return value.is_number(); };
  if (!stored.is_array() || !std::all_of(stored.begin(), stored.end(), is_number)) return {};
  return stored.get<std::vector<double>>();
}

double onnx_golden_difference(const OnnxModel& model) {
  if (onnx_metadata(model, kOnnxGoldenPicture).empty()) return -1;
  const at::Tensor p = computed_probabilities(model);
  const std::vector<double> stored = onnx_golden_probabilities(model);
  if (!p.defined() || stored.empty()) return 1;
  return relative_difference(p, at::tensor(stored, at::kDouble).reshape({1, -1}));
}

std::string onnx_digest_of_file(const std::string& path) {
  const std::string bytes = read_file(path);
  try {
    return onnx_metadata(onnx_from_bytes(bytes), kOnnxDigest);
  } catch (const Error&) {
    return "";
  }
}

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes() || !a.isfinite().all().item<bool>() || !b.isfinite().all().item<bool>()) return 1;
  const double largest = b.abs().max().item<double>();
  return (a - b).abs().max().item<double>() / std::max(largest, 1e-30);
}

}  // namespace cvtool
