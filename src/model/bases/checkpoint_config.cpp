#include "model/bases/checkpoint_config.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

using Triple = std::array<double, 3>;

// A part of a config, with the name of its file for messages.
struct Part {
  const std::string& file;
  const Json& json;

  Json at(const char* key) const { return json.value(key, Json()); }
  [[noreturn]] void wrong(const std::string& key, const std::string& expected) const {
    throw UsageError(file + ": " + key + ": must be " + expected + ", not " + at(key.c_str()).dump() +
                     "; take it out, or fetch the file again");
  }
  double number(const char* key, double low, double high) const {
    const Json value = at(key);
    if (value.is_null()) return 0;
    if (!value.is_number() || value.get<double>() < low || value.get<double>() > high)
      wrong(key, "a number from " + significant(low, 6) + " to " + significant(high, 6));
    return value.get<double>();
  }
  std::optional<Triple> triple(const char* key) const {
    const Json value = at(key);
    if (value.is_null()) return {};
    if (!value.is_array() || value.size() != 3 ||
        !std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_number(); }))
      wrong(key, "three numbers");
    return Triple{value[0].get<double>(), value[1].get<double>(), value[2].get<double>()};
  }
};

// (pixel * factor - mean) / deviation, as a word where one means it.
Json preprocess_from(const Triple& mean, const Triple& deviation, double factor) {
  constexpr double kUnit = 1.0 / 255;
  const auto near = [](const Triple& a, const Triple& b) {
    return std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) { return std::abs(x - y) < 1e-6; });
  };
  if (std::abs(factor - kUnit) < 1e-9) {
    if (near(mean, {0.485, 0.456, 0.406}) && near(deviation, {0.229, 0.224, 0.225})) return "imagenet";
    if (near(mean, {0.5, 0.5, 0.5}) && near(deviation, {0.5, 0.5, 0.5})) return "symmetric";
    if (near(mean, {0, 0, 0}) && near(deviation, {1, 1, 1})) return "unit";
  }
  Json scale = Json::array(), offset = Json::array();
  for (size_t i = 0; i < 3; ++i) {
    scale.push_back(factor / deviation[i]);
    offset.push_back(-mean[i] / deviation[i]);
  }
  return {{"scale", scale}, {"offset", offset}};
}

void set_preprocess(const Part& part, const char* mean_key, const char* deviation_key, StatedInput& input) {
  const auto mean = part.triple(mean_key), deviation = part.triple(deviation_key);
  if (!mean || !deviation) return;
  if (std::any_of(deviation->begin(), deviation->end(), [](double value) { return value <= 0; }))
    part.wrong(deviation_key, "three numbers above 0");
  const double given = part.number("rescale_factor", 0, 1e6);
  input.preprocess = preprocess_from(*mean, *deviation, given > 0 ? given : 1.0 / 255);
}

constexpr int64_t kMostPixels = 8192;

// timm's: beside "architecture", in "pretrained_cfg" where there is one.
StatedInput input_of_timm(const Part& part) {
  StatedInput input;
  set_preprocess(part, "mean", "std", input);
  input.crop = part.number("crop_pct", 0, 2);
  if (const Json text = part.at("interpolation"); text.is_string())
    input.interpolation = printable(text.get<std::string>());
  if (const Json size = part.at("input_size"); !size.is_null()) {
    const auto sizes = part.triple("input_size");
    if ((*sizes)[1] < 1 || (*sizes)[1] > kMostPixels) part.wrong("input_size", "[channels, height, width]");
    if ((*sizes)[1] == (*sizes)[2]) input.imgsz = static_cast<int64_t>((*sizes)[1]);
  }
  return input;
}

// "size": N, {"shortest_edge": N} or {"height": N, "width": N}; 0 where it says something else.
int64_t side_of(const Part& part, const char* key) {
  Json size = part.at(key);
  if (size.is_object()) {
    if (size.contains("height") && size.value("width", Json()) != size["height"]) return 0;
    size = size.value("shortest_edge", size.value("height", Json()));
  }
  if (size.is_null()) return 0;
  if (!size.is_number_integer() || size.get<int64_t>() < 1 || size.get<int64_t>() > kMostPixels)
    part.wrong(key, "a size in pixels");
  return size.get<int64_t>();
}

// transformers': its preprocessor_config.json.
StatedInput input_of_transformers(const Part& part) {
  // Pillow's numbers.
  static constexpr const char* kFilters[] = {"nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"};
  StatedInput input;
  if (part.at("do_normalize") != false) set_preprocess(part, "image_mean", "image_std", input);
  if (const Json filter = part.at("resample"); filter.is_number_integer())
    if (const int64_t i = filter.get<int64_t>(); i >= 0 && i < 6) input.interpolation = kFilters[i];
  const int64_t size = side_of(part, "size"), cropped = side_of(part, "crop_size");
  input.imgsz = cropped > 0 ? cropped : size;
  input.crop = part.number("crop_pct", 0, 2);
  if (input.crop == 0 && cropped > 0 && size >= cropped && part.at("do_center_crop") != false)
    input.crop = static_cast<double>(cropped) / static_cast<double>(size);
  return input;
}

Json object_in(const std::string& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return {};
  Json json = json_from_file(file);
  return json.is_object() ? json : Json();
}

bool names_net(const Json& config) {
  return config.is_object() && (config.contains("architecture") || config.contains("model_type"));
}

// What `wanted` says, `config` says too.
bool contains_all(const Json& config, const Json& wanted) {
  return wanted.is_object() && std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& item) {
           const auto found = config.find(item.key());
           return found != config.end() && *found == item.value();
         });
}

}  // namespace

std::optional<CheckpointConfig> config_beside(const std::string& weights) {
  const fs::path folder = fs::path(weights).parent_path();
  CheckpointConfig found{(folder / "config.json").string(), {}, {}};
  found.config = object_in(found.file);
  if (!names_net(found.config)) return {};
  const std::string pictures = (folder / "preprocessor_config.json").string();
  const Json own = found.config.value("pretrained_cfg", Json()), processor = object_in(pictures);
  if (own.is_object())
    found.input = input_of_timm({found.file, own});
  else if (found.config.contains("architecture"))
    found.input = input_of_timm({found.file, found.config});
  else if (processor.is_object())
    found.input = input_of_transformers({pictures, processor});
  return found;
}

std::string weights_in_folder(const std::string& folder) {
  const std::vector<std::string> names{"model.safetensors", "pytorch_model.bin"};
  std::error_code error;
  for (const std::string& name : names)
    if (const fs::path path = fs::path(folder) / name; fs::is_regular_file(path, error)) return path.string();
  throw UsageError(folder + ": holds no file of weights (" + join(names, ", ") + "); pass the file itself");
}

bool is_config_of(const Json& config, const BackboneSpec& spec) {
  return std::any_of(spec.configs.begin(), spec.configs.end(),
                     [&](const Json& wanted) { return contains_all(config, wanted); });
}

BackboneChoice choice_of_config(const CheckpointConfig& config) {
  for (const std::string& name : backbone_names())
    for (const BackboneChoice& choice : backbone_choices(name))
      if (is_config_of(config.config, choice.spec)) return choice;
  const Json net = config.config.value("architecture", config.config.value("model_type", Json()));
  throw UsageError(config.file + ": is of a net that no backbone of cvtool is (" + printable(net.dump()) +
                   "); `cvtool import --list` shows those that there are");
}

}  // namespace cvtool
