#include "model/archived/base.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "model/bases/backbone_file.h"
#include "model/bases/backbone_import.h"
#include "model/bases/backbone_spec.h"
#include "model/weights/sha256.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr const char* kPrefix = "base.";

using Shapes = std::map<std::string, std::vector<int64_t>>;

// Nothing reads the counters of batch norm.
bool counts(const std::string& name) { return !ends_with(name, "num_batches_tracked"); }

Shapes shapes_of(const torch::jit::Module& base) {
  Shapes shapes;
  for (const NamedTensor& entry : named_tensors(base))
    if (counts(entry.name)) shapes[kPrefix + entry.name] = entry.value.sizes().vec();
  return shapes;
}

Shapes base_shapes_in(const StateDict& weights) {
  Shapes shapes;
  for (const NamedTensor& entry : weights.entries())
    if (starts_with(entry.name, kPrefix) && counts(entry.name)) shapes[entry.name] = entry.value.sizes().vec();
  return shapes;
}

// The name under which --base finds the file: mobilenet_v2-keras-0.35.
std::string file_name_of(const Json& info) {
  const std::string stem = fs::path(info.value("file", "")).stem().string();
  return printable(stem.empty() ? fs::path(info.value("name", "base")).filename().string() : stem);
}

// A file that cannot be read is none.
std::string digest_of(const std::string& file) {
  try {
    return sha256_of_file(file);
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

std::vector<Json> base_nets(const Json& info, const StateDict& weights) {
  std::vector<Json> nets;
  if (info.contains("net")) nets.push_back(info["net"]);
  const auto names = backbone_names();
  const std::string name = info.value("name", "");
  if (std::find(names.begin(), names.end(), name) == names.end()) return nets;
  const Shapes wanted = base_shapes_in(weights);
  for (const BackboneChoice& choice : backbone_choices(name))
    if (shapes_of(compile_choice(choice).module) == wanted) nets.push_back(chosen_net(choice));
  return nets;
}

Base compiled_base(const Json& info, const Json& net, const NetTarget& target) {
  const BackboneNet compiled = compile_backbone(net, target);
  Base base = base_of_module(info, compiled.module);
  base.features = compiled.output;
  return base;
}

Base base_of_module(const Json& info, const torch::jit::Module& module) {
  Base base;
  base.module = module;
  base.preprocess = preprocess_or_default(info.value("preprocess", Json()));
  base.info = {{"name", info.value("name", "")}, {"file", file_name_of(info)}, {"parameters", count_numbers(module)}};
  return base;
}

std::string base_file_of_digest(const Json& info) {
  const std::string digest = info.value("sha256", ""), own_name = file_name_of(info) + ".pt";
  if (digest.empty()) return "";
  std::vector<std::string> files, others;
  std::error_code error;
  for (const std::string& folder : backbone_folders())
    for (const auto& entry : fs::directory_iterator(folder, error))
      if (entry.path().extension() == ".pt")
        (entry.path().filename() == own_name ? files : others).push_back(entry.path().string());
  files.insert(files.end(), others.begin(), others.end());
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const auto& file) { return digest_of(file) == digest; });
  return found == files.end() ? "" : *found;
}

std::string missing_base_text(const Json& info) {
  const std::string name = file_name_of(info), digest = info.value("sha256", "");
  std::string there;
  std::error_code error;
  for (const std::string& folder : backbone_folders())
    if (const std::string file = folder + "/" + name + ".pt"; there.empty() && fs::is_regular_file(file, error))
      there = "; " + file + " is another one (SHA-256 " + digest_of(file) + ")";
  const std::string text = "its base '" + name + "' is not in the file, and no base with its SHA-256 (" + digest +
                           ") is in " + join(backbone_folders(), ", ") + there +
                           "; copy the base that it was trained on there";
  const auto choice = choice_of_file_name(name);
  return text + (choice ? ", or make it again with the version of cvtool that made it:\n" + import_commands(*choice)
                        : " as " + name + ".pt (it was made by another program than cvtool import)");
}

}  // namespace cvtool
