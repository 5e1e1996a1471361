#include "model/model_file.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/refusal.h"
#include "base/text.h"
#include "model/archive.h"
#include "model/archived/onnx_file.h"
#include "model/archived/weight_archive.h"
#include "model/model_info.h"
#include "model/torchscript_file.h"
#include "model/verified_files.h"
#include "model/weights/file_kind.h"
#include "onnx/onnx_runtime.h"
#include "torch/byte_tensor.h"
#include "torch/device.h"
#include "torch/lanes.h"
#include "torch/memory_order.h"

namespace cvtool {
namespace {

constexpr const char* kGoldenFile = "golden.rgb";
constexpr const char* kNextStep = "copy or train it again";

// By one core, since what the file holds must not depend on how many there are.
at::Tensor probabilities_of(const torch::jit::Module& module, const at::Tensor& picture) {
  const Lane lane;
  const at::NoGradGuard no_grad;
  torch::jit::Module runnable = module;
  return runnable.forward({channels_last(picture)}).toTensor().to(at::kCPU, at::kDouble).contiguous();
}

}  // namespace

at::Tensor golden_picture(const Json& info, const std::string& bytes) {
  ImageSize size;
  Json object{{"imgsz", info["imgsz"]}};
  JsonReader reader(object, "");
  reader("imgsz", size, Doc("").range(1, 1 << 16));
  const PixelFormat pixels = pixel_format(info);
  if (static_cast<int64_t>(bytes.size()) != pixels.channels * size.height * size.width) return {};
  at::Tensor picture = at::empty(batch_shape(1, size, pixels), at::kByte);
  std::memcpy(picture.data_ptr(), bytes.data(), bytes.size());
  return picture;
}

std::vector<std::string> model_classes(const Json& info) { return info.at("classes").get<std::vector<std::string>>(); }

Net net_of(const ModelFile& model, const ImageSize& imgsz) {
  at::NoGradGuard no_grad;
  Net net;
  net.module = model.module;
  net.backbone = model.info.value("base", Json());
  // What is trained on is not calibrated any more.
  if (net.module.hasattr("temperature")) net.module.setattr("temperature", 1.0);
  const at::Tensor black = at::zeros(batch_shape(1, imgsz, pixel_format(model.info)), at::kByte);
  try {
    net.units = net.module.get_method("logits")({black}).toTensor().size(1);
  } catch (const std::exception& error) {
    if (refused_by_machine(error)) throw;
    throw UsageError("--imgsz " + image_size_text(imgsz) + ": the net was made for pictures of " +
                     model.info.at("imgsz").dump() + " and takes no others");
  }
  return net;
}

void add_golden_sample(ModelFile& model, const at::Tensor& picture) {
  model.golden = picture.to(at::kCPU, at::kByte).contiguous();
  const at::Tensor p = probabilities_of(model.module, model.golden);
  if (!p.isfinite().all().item<bool>())
    throw Error("the net gives NaN for a photo: training has diverged; try a smaller --lr, or --precision fp32");
  model.info["golden"] =
      Json{{"probabilities", std::vector<double>(p.data_ptr<double>(), p.data_ptr<double>() + p.numel())}};
}

double golden_difference(const ModelFile& model) {
  const auto stored = model.info.at("golden").at("probabilities").get<std::vector<double>>();
  const at::Tensor p = probabilities_of(model.module, model.golden);
  if (p.numel() != static_cast<int64_t>(stored.size())) return 1;
  double largest = 0;
  for (int64_t i = 0; i < p.numel(); ++i) {
    const double difference = std::abs(p.data_ptr<double>()[i] - stored[static_cast<size_t>(i)]);
    if (std::isnan(difference)) return 1;
    largest = std::max(largest, difference);
  }
  return largest;
}

std::string model_bytes(const ModelFile& model) {
  torch::jit::ExtraFilesMap extra;
  extra[kInfoFile] = text_from_json(model.info);
  if (model.golden.defined()) extra[kGoldenFile] = bytes_of_tensor(model.golden);
  std::ostringstream bytes;  // in memory first: LibTorch's own writer does not say why a disk refuses
  model.module.save(bytes, extra);
  return archive_with_digest(std::move(bytes).str());
}

void require_net(const std::string& path, const ModelFile& model, const std::string& what) {
  if (!model.has_net())
    throw UsageError(path + ": is an ONNX file, so it cannot be " + what +
                     "; name the run or model that it was exported from");
}

void save_model(const std::string& path, const ModelFile& model) {
  require_net(path, model, "written again");
  write_file_atomically(path, model.form == ModelForm::kWeights ? weight_archive_bytes(model) : model_bytes(model));
}

namespace {

void check_golden(const std::string& path, const ModelFile& model) {
  double difference = 1;
  try {
    difference = golden_difference(model);
  } catch (const std::exception& error) {
    if (refused_by_machine(error)) throw;
    throw Error(path + ": does not run; the file is damaged, make it again");
  }
  if (difference > kGoldenTolerance)
    throw Error(path + ": does not reproduce its golden sample (probabilities differ by " + fixed(difference, 4) +
                "); the file is damaged or was made by an incompatible version");
}

// The digest that the file says of itself, which is that of its content.
std::string checked_digest(const std::string& path, const ArchiveDigest& seal) {
  if (!seal.stored.empty() && seal.stored == seal.computed) return seal.stored;
  const std::string how = seal.stored.empty() ? "it does not end in its digest"
                                              : "its digest is " + seal.computed.substr(0, 12) + "..., it says " +
                                                    seal.stored.substr(0, 12) + "...";
  throw Error(path + ": was changed after it was written (" + how + "); " + kNextStep);
}

ModelFile from_torchscript(const std::string& path, const std::string& bytes, bool full) {
  if (const ForeignKind kind = kind_of_file({nullptr, bytes}); !kind.what.empty() || bytes.compare(0, 2, "PK") != 0)
    throw Error(path + ": is not a model file" + (kind.what.empty() ? "" : ": it " + kind.what) +
                "; cvtool train writes them as RUN/best.pt" + (kind.what.empty() ? "" : "; " + kind.next_step));
  ModelFile model;
  // LibTorch sees nothing but what is known to be as it was written.
  if (full) check_archive(path, bytes, kNextStep);
  const std::string info = text_in_archive(bytes, std::string("/") + kInfoFile);
  if (info.empty()) {
    // Of another program: where it is of a newer LibTorch, that is said first.
    torch::jit::ExtraFilesMap none;
    load_torchscript({path, bytes, kNextStep}, none);
  }
  model.info = checked_model_info(path, info);
  if (full) model.digest = checked_digest(path, archive_digest(bytes));
  torch::jit::ExtraFilesMap extra{{kGoldenFile, ""}};
  model.module = load_torchscript({path, bytes, kNextStep}, extra);
  model.module.eval();
  model.golden = golden_picture(model.info, extra[kGoldenFile]);
  return model;
}

ModelFile from_weights(const std::string& path, const std::string& bytes, bool full) {
  const WeightArchive archive = read_weight_archive(path, bytes);
  ModelFile model;
  model.form = ModelForm::kWeights;
  model.info = archive.info;
  if (full && !archive.digest.stored.empty()) model.digest = checked_digest(path, archive.digest);
  model.module = module_of(archive);
  model.golden = golden_picture(model.info, archive.golden);
  return model;
}

ModelFile from_onnx(const std::string& path, const std::string& bytes, bool full) {
  const OnnxFile file = read_onnx_file(path, bytes);
  ModelFile model;
  model.form = ModelForm::kOnnx;
  model.info = file.info;
  if (full) {
    const OnnxSeal seal = onnx_seal(bytes);
    model.digest = checked_digest(path, {seal.stored, seal.whole ? seal.computed : "not that of all its bytes"});
  }
  model.module = module_of(file);
  model.golden = golden_picture(model.info, file.golden);
  return model;
}

// Kernels in int8 round in ways of their own.
constexpr double kInt8Tolerance = 0.05;

// Has ONNX Runtime compute the model's graph, where the user wants it so.
void use_onnx_runtime(const std::string& path, const std::string& bytes, ModelFile& model) {
  const std::string library = onnx_runtime_library();
  if (library.empty()) return;
  const at::Tensor own = probabilities_of(model.module, model.golden);
  model.module = module_of(read_onnx_file(path, bytes), library);
  const at::Tensor other = probabilities_of(model.module, model.golden);
  const double difference = other.isfinite().all().item<bool>() ? (other - own).abs().max().item<double>() : 1;
  const bool int8 = export_facts(model.info).precision == "int8";
  const std::string what = "ONNX Runtime " + onnx_runtime_of(model.module);
  if (difference > (int8 ? kInt8Tolerance : kGoldenTolerance))
    throw Error(path + ": " + what +
                " gives other probabilities for its golden sample than cvtool's interpreter (they differ by " +
                fixed(difference, 4) + "); unset CVTOOL_ONNXRUNTIME, or take another version");
  spdlog::info("{}: run by {}, whose golden sample differs by {} from that of cvtool's interpreter", path, what,
               fixed(difference, 7));
}

ModelFile from_bytes(const std::string& path, const std::string& bytes, bool full) {
  if (begins_like_onnx(bytes)) return from_onnx(path, bytes, full);
  return is_weight_archive(path, bytes) ? from_weights(path, bytes, full) : from_torchscript(path, bytes, full);
}

}  // namespace

ModelFile load_model(const std::string& path, ModelCheck check) {
  if (!std::filesystem::exists(path))
    throw Error(path + ": there is no such model file; train one with cvtool train --data DIR");
  const auto [bytes, identity] = read_file_and_identity(path);
  const bool full = check == ModelCheck::kFull || !is_verified(path, identity);
  ModelFile model = from_bytes(path, bytes, full);
  if (!model.golden.defined())
    throw Error(path +
                ": lacks its golden sample, or it is not of the size 'imgsz'; the file is damaged, make it again");
  if (full) check_golden(path, model);
  if (full && check == ModelCheck::kOnce) remember_verified(path, identity);
  if (model.form == ModelForm::kOnnx) use_onnx_runtime(path, bytes, model);
  return model;
}

bool is_model_file(const std::string& path) {
  std::string text = info_in_weight_archive(path);
  if (text.empty()) text = text_in_archive_file(path, std::string("/") + kInfoFile);
  if (text.empty() && std::filesystem::is_regular_file(path)) text = info_in_onnx_file(read_file(path));
  const Json info = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return info.is_object() && info.contains("classes");
}

}  // namespace cvtool
