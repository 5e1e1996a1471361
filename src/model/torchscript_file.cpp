#include "model/torchscript_file.h"

#include <ATen/ATen.h>
#include <caffe2/serialize/versions.h>
#include <torch/csrc/jit/serialization/import.h>

#include <regex>
#include <sstream>

#include "base/error.h"
#include "base/refusal.h"
#include "base/text.h"
#include "model/archive.h"
#include "model/weights/file_kind.h"
#include "model/weights/zip.h"
#include "torch/device.h"

namespace cvtool {
namespace {

constexpr const char* kSaveAgain =
    "save it again with torch.jit.trace(model, x).save(FILE) in an older PyTorch, or use a newer LibTorch";

// "" where the archive does not say it, or LibTorch knows it.
std::string newer_version(const std::string& bytes) {
  const std::string text = ZipArchive({nullptr, bytes}, "", ZipKind::kDeflated).text_ending("/version");
  const bool is_number = !text.empty() && text.find_first_not_of("0123456789\r\n ") == std::string::npos;
  if (!is_number || text.size() > 18 || std::stoull(text) <= caffe2::serialize::kMaxSupportedFileFormatVersion)
    return "";
  return std::to_string(std::stoull(text));
}

// What of a newer or extended PyTorch the code uses, of LibTorch's message.
std::string unknown_part(const std::string& message) {
  std::smatch found;
  if (std::regex_search(message, found, std::regex("Unknown builtin op: ([^\\s]*[^\\s.])")))
    return "uses the operation '" + found[1].str() + "', which " + "LibTorch " + torch_version() + " does not have";
  if (std::regex_search(message, found, std::regex("Unknown type name '([^']*)'")))
    return "uses the type '" + found[1].str() + "', which " + "LibTorch " + torch_version() + " does not have";
  if (message.find("Arguments for call are not valid") != std::string::npos &&
      std::regex_search(message, found, std::regex("(aten|prim|quantized|torchvision)::\\w+")))
    return "calls the operation '" + found[0].str() + "' with arguments that LibTorch " + torch_version() +
           " does not take";
  return "";
}

std::string why_not_loaded(const TorchscriptSource& source, const std::string& message) {
  if (const ForeignKind kind = kind_of_file({nullptr, source.bytes}); !kind.what.empty())
    return kind.what + "; " + kind.next_step;
  if (const std::string version = newer_version(source.bytes); !version.empty())
    return "is TorchScript of the file version " + version + "; LibTorch " + torch_version() + " reads up to " +
           std::to_string(caffe2::serialize::kMaxSupportedFileFormatVersion) + "; " + kSaveAgain;
  if (const std::string part = unknown_part(message); !part.empty()) return part + "; " + kSaveAgain;
  return "is not TorchScript that LibTorch " + torch_version() + " reads (" + libtorch_reason(message) + "); " +
         source.next_step;
}

std::string count_text(int64_t pictures) { return pictures == 1 ? "one picture" : "two pictures"; }

at::Tensor output_for(torch::jit::Module module, int64_t pictures, const ImageSize& size, const std::string& place) {
  at::NoGradGuard no_grad;
  c10::IValue output;
  try {
    output = module.forward({at::zeros({pictures, 3, size.height, size.width})});
  } catch (const std::exception& error) {
    if (refused_by_machine(error)) throw;
    throw Error(place + ": does not take pictures [N,3," + std::to_string(size.height) + "," +
                std::to_string(size.width) + "] of floats: " + libtorch_reason(error.what()) +
                "; save a net that takes them alone, in float32, with torch.jit");
  }
  if (!output.isTensor())
    throw Error(place + ": gives a " + output.tagKind() +
                ", not a tensor; save a net whose forward returns its features alone");
  const at::Tensor features = output.toTensor();
  if (!features.defined() || features.dim() < 2 || features.size(0) != pictures || features.numel() == 0 ||
      features.scalar_type() != at::kFloat)
    throw Error(place + ": gives a tensor " + (features.defined() ? c10::str(features.sizes()) : "without a shape") +
                " of " + c10::toString(features.scalar_type()) + " for " + count_text(pictures) +
                ", not a feature map [N,C,h,w] or a vector [N,D] of float32; save a net whose forward returns that");
  return features;
}

}  // namespace

torch::jit::Module load_torchscript(const TorchscriptSource& source, torch::jit::ExtraFilesMap& extra) {
  if (source.bytes.compare(0, 2, "PK") != 0) {
    const ForeignKind kind = kind_of_file({nullptr, source.bytes});
    throw Error(source.path + ": " +
                (kind.what.empty() ? "is not TorchScript; cvtool import makes backbones, and so does "
                                     "torch.jit.trace(model, x).save(FILE) in Python"
                                   : kind.what + "; " + kind.next_step));
  }
  check_archive(source.path, source.bytes, source.next_step);
  std::istringstream in(source.bytes);
  try {
    return torch::jit::load(in, at::kCPU, extra);
  } catch (const std::exception& error) {
    if (refused_by_machine(error)) throw;
    throw Error(source.path + ": " + why_not_loaded(source, error.what()));
  }
}

at::Tensor trial_output(const torch::jit::Module& module, const ImageSize& size, const std::string& place) {
  if (!module.find_method("forward")) throw Error(place + ": has no method forward; trace or script a whole net");
  const at::Tensor one = output_for(module, 1, size, place), two = output_for(module, 2, size, place);
  if (one.sizes().slice(1) != two.sizes().slice(1))
    throw Error(place + ": gives a tensor " + c10::str(one.sizes()) + " for one picture and " + c10::str(two.sizes()) +
                " for two; save a net that treats each picture alike");
  return two;
}

std::string libtorch_reason(const std::string& what) {
  std::string raised, first;
  for (const std::string& line : split(what, '\n')) {
    if (starts_with(line, "RuntimeError: ")) raised = line.substr(14);
    const size_t begin = line.find_first_not_of(' ');
    if (first.empty() && begin != std::string::npos) first = line.substr(begin);
  }
  // "[enforce fail at FILE:LINE] . MESSAGE"
  if (const size_t end = first.find("] . "); starts_with(first, "[enforce fail") && end != std::string::npos)
    first = first.substr(end + 4);
  return raised.empty() ? first : raised;
}

}  // namespace cvtool
