#include "model/bases/backbone_file.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/document.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "model/archive.h"
#include "model/archived/weight_archive.h"
#include "model/torchscript_file.h"
#include "torch/graph.h"

namespace cvtool {
namespace {

constexpr const char* kImportAgain = "copy or import it again";

// Parameters, buffers, or the constants that freezing makes of them.
bool has_weights(const torch::jit::Module& module) {
  if (module.parameters().size() > 0 || module.buffers().size() > 0) return true;
  // A quantized layer's are an object of LibTorch's own.
  for (const auto& part : module.modules())
    for (const auto& value : part.named_attributes(/*recurse=*/false))
      if (value.value.isObject() && !value.value.isModule()) return true;
  const auto nodes = nodes_of(module);
  return std::any_of(nodes.begin(), nodes.end(), [](const torch::jit::Node* node) {
    return node->kind() == c10::prim::Constant && node->output()->type()->kind() == c10::TypeKind::TensorType;
  });
}

struct StoredBackbone {
  std::string name;
  std::optional<ImageSize> imgsz;
  std::optional<JsonObject> summary;
};
void fields(StoredBackbone& b, DocumentReader& visit) {
  visit("name", b.name), visit("imgsz", b.imgsz), visit("summary", b.summary);
}

[[noreturn]] void refuse_model(const std::string& path) {
  throw Error(path + ": is a finished model, not a backbone; pass a backbone, or continue from the model with --from " +
              path);
}

Json backbone_info(const std::string& path, const std::string& text) {
  Json info{{"format", kBackboneFormat},
            {"kind", "base"},
            {"name", std::filesystem::path(path).stem().string()},
            {"preprocess", nullptr}};
  if (text.empty()) return info;
  const auto stored = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!stored.is_object())
    throw Error(path + ": " + kInfoFile + " is not a JSON object; the file is damaged, " + kImportAgain);
  if (stored.value("kind", Json()) != "base") {
    if (stored.contains("classes")) refuse_model(path);
    throw Error(path + ": " + kInfoFile + " does not say that this is a backbone; " + kImportAgain);
  }
  const auto format = stored.value("format", Json());
  if (!format.is_number_integer())
    throw Error(path + ": " + kInfoFile + " has no format number; the file is damaged, " + kImportAgain);
  if (format.get<int64_t>() > kBackboneFormat)
    throw Error(path + ": is of backbone format " + format.dump() + ", this cvtool reads up to " +
                std::to_string(kBackboneFormat) + "; use a newer cvtool");
  read_document<StoredBackbone>(stored, path + ": " + kInfoFile, std::string("the file is damaged, ") + kImportAgain);
  info.update(stored);
  return info;
}

}  // namespace

BackboneFile load_backbone(const std::string& path) {
  torch::jit::ExtraFilesMap extra{{kInfoFile, ""}};
  BackboneFile backbone;
  const std::string bytes = read_file(path);
  if (!info_in_weight_archive(path).empty()) refuse_model(path);
  backbone.module = load_torchscript({path, bytes, kImportAgain}, extra);
  backbone.info = backbone_info(path, extra[kInfoFile]);
  if (!backbone.module.find_method("forward"))
    throw Error(path + ": has no method forward; trace or script a whole net");
  if (!has_weights(backbone.module))
    throw Error(path + ": holds no weights; a backbone needs some, trace or script a net that has been trained");
  // A frozen module has lost the attribute that eval() sets.
  if (backbone.module.hasattr("training")) backbone.module.eval();
  return backbone;
}

void save_backbone(const std::string& path, const BackboneFile& backbone) {
  const torch::jit::ExtraFilesMap extra{{kInfoFile, text_from_json(backbone.info)}};
  // In memory first: LibTorch's own writer does not say why a disk refuses.
  std::ostringstream bytes;
  backbone.module.save(bytes, extra);
  write_file_atomically(path, bytes.str());
}

}  // namespace cvtool
