#include "model/ready_net.h"

#include <torch/csrc/jit/serialization/import.h>

#include <memory>
#include <optional>
#include <sstream>
#include <utility>

#include "base/atomic_file.h"
#include "base/cache_files.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/version.h"
#include "model/archive.h"
#include "model/fast_module.h"
#include "model/feature_tap.h"
#include "model/model_file.h"
#include "model/model_info.h"
#include "model/predictor.h"
#include "model/verified_files.h"
#include "model/weights/sha256.h"
#include "torch/device.h"

namespace cvtool {
namespace {

namespace jit = torch::jit;

// Raised when what ready_net makes of the same classifier changes.
constexpr int kReadyNetFormat = 3;
// The entry that says which model a kept net is of.
constexpr const char* kDigestOfModel = "model.sha256";

// All that is asked of a classifier, with logits as forward, which is what LibTorch folds into.
jit::Module asked_of(const jit::Module& classifier) {
  jit::Module asked(c10::QualifiedName("__torch__.cvtool.Asked"), std::make_shared<jit::CompilationUnit>(), true);
  asked.register_attribute("training", c10::BoolType::get(), false);
  asked.register_module("net", classifier);
  asked.define("def forward(self, x):\n    return self.net.logits(x)\n");
  asked.define("def probabilities(self, z):\n    return self.net.probabilities(z)\n");
  if (classifier.find_method("sigmoids"))
    asked.define("def sigmoids(self, z):\n    return torch.sigmoid(z * self.net.temperature)\n");
  return asked;
}

std::vector<std::string> beside_forward(const jit::Module& classifier) {
  std::vector<std::string> methods{"probabilities"};
  if (classifier.find_method("sigmoids")) methods.emplace_back("sigmoids");
  return methods;
}

std::string kept_at(const std::string& digest) {
  return cache_place("nets") + "/" +
         sha256_of_bytes(digest + " " + std::to_string(kReadyNetFormat) + " " + kVersion + " " + torch_version());
}

// Of a file with that digest. What the seal says to be as it was written needs no other check.
std::optional<ReadyModel> kept_model(const std::string& digest) {
  const std::string path = kept_at(digest), bytes = own_cache_file(path);
  const ArchiveDigest seal = archive_digest(bytes);
  if (seal.stored.empty() || seal.stored != seal.computed) return {};
  try {
    jit::ExtraFilesMap extra{{kInfoFile, ""}, {kDigestOfModel, ""}};
    std::istringstream in(bytes);
    const jit::Module net = jit::load(in, at::kCPU, extra);
    if (extra[kDigestOfModel] != digest) return {};
    return ReadyModel{checked_model_info(path, extra[kInfoFile]), {net, at::kCPU}};
  } catch (const std::exception&) {
    return {};
  }
}

void keep(const std::string& digest, const ReadyModel& model) {
  try {
    std::ostringstream archive;
    model.net.module.save(archive, {{kInfoFile, text_from_json(model.info)}, {kDigestOfModel, digest}});
    const std::string bytes = archive_with_digest(std::move(archive).str());
    make_folders(cache_place("nets"));
    const auto is_made = [] { return false; };  // what lies there may be damaged
    make_cache_room(static_cast<int64_t>(bytes.size()), is_made, [&] {
      AtomicFile file(kept_at(digest), FileKind::kPrivate);
      file.write(bytes);
      file.keep();
    });
  } catch (const UsageError&) {
    throw;  // a limit that is no number
  } catch (const std::exception&) {
    return;  // made again next time
  }
}

}  // namespace

ReadyNet ready_net(const jit::Module& classifier, at::Device device) {
  jit::Module copy = classifier.deepcopy();
  copy.to(device);
  use_channels_last(copy);
  jit::Module fast = fast_module(asked_of(copy), beside_forward(copy));
  tap_features(fast);
  return {std::move(fast), device};
}

ReadyModel load_ready_model(const std::string& path, at::Device device) {
  const bool checked = is_verified(path, file_identity(path));
  std::string digest = checked ? stored_digest(path) : "";
  if (device.is_cpu() && !digest.empty())
    if (auto kept = kept_model(digest)) return *std::move(kept);
  const ModelFile file = load_model(path, ModelCheck::kOnce);
  // An ONNX file is ready as it is, and for the processor alone.
  if (!file.has_net()) return {file.info, ready_net(file.module, at::kCPU), false};
  if (!checked) digest = file.digest;
  ReadyModel model{file.info, ready_net(file.module, device)};
  if (device.is_cpu() && !digest.empty()) keep(digest, model);
  return model;
}

}  // namespace cvtool
