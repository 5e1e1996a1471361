#include "train/class_weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "train/losses.h"

namespace cvtool {
namespace {

constexpr const char* kFlag = "--class-weights";

double weight_from(const std::string& text) {
  const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_number() || value.get<double>() < 0)
    throw UsageError(std::string(kFlag) + ": '" + text + "' is no weight; write a number such as 2.5");
  return value.get<double>();
}

}  // namespace

std::string resolve_class_weights(const std::string& text) {
  if (text == "none" || text == "auto" || text.find('=') != std::string::npos) return text;
  if (text.find('/') == std::string::npos && !ends_with(text, ".json"))
    throw UsageError(std::string(kFlag) + ": '" + text + "' is neither none, auto, a .json file nor CLASS=WEIGHT,...");
  const Json file = json_from_file(text);
  if (!file.is_object() || file.empty())
    throw UsageError(std::string(kFlag) + " " + text + ": must hold an object such as {\"Car\": 1, \"Truck\": 2.5}");
  std::vector<std::string> parts;
  for (const auto& [name, weight] : file.items()) parts.push_back(name + "=" + weight.dump());
  return join(parts, ",");
}

at::Tensor class_weights_tensor(const std::string& resolved, const std::vector<std::string>& classes,
                                const std::vector<Sample>& samples) {
  if (resolved == "none") return {};
  if (resolved == "auto") {
    std::vector<int64_t> counts(classes.size());
    for (const Sample& sample : samples) ++counts.at(static_cast<size_t>(sample.label));
    return balancing_weights(counts);
  }
  at::Tensor weights = at::ones({static_cast<int64_t>(classes.size())});
  for (const std::string& part : split(resolved, ',')) {
    const size_t equals = part.rfind('=');
    const std::string name = part.substr(0, equals);
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (equals == std::string::npos || found == classes.end())
      throw UsageError(std::string(kFlag) + ": " + unknown_word("class", name, classes));
    weights[found - classes.begin()] = weight_from(part.substr(equals + 1));
  }
  return weights;
}

}  // namespace cvtool
