#include "export/header.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "export/cpp_text.h"
#include "model/model_info.h"

namespace cvtool {
namespace {

using Words = std::vector<std::pair<std::string, std::string>>;

// Each word once, from left to right: what is put in is not looked at again.
std::string replaced(const std::string& text, const Words& words) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const auto found = std::find_if(words.begin(), words.end(), [&](const auto& word) {
      return text.compare(at, word.first.size(), word.first) == 0;
    });
    out += found == words.end() ? text.substr(at, 1) : found->second;
    at += found == words.end() ? 1 : found->first.size();
  }
  return out;
}

std::string literals(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(cpp_literal(name));
  return join(quoted, ", ");
}

constexpr const char* kHeader =
    R"(// Written by cvtool export. Build the source beside it with LibTorch; @STEM@.pt holds the weights.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace @NAME@ {

constexpr int kHeight = @HEIGHT@, kWidth = @WIDTH@, kClasses = @CLASSES@;
// In the order of the probabilities.
constexpr std::array<const char*, kClasses> kLabels{@LABELS@};

struct Result {
  int label = 0;  // index into kLabels of the most probable class
  std::array<float, kClasses> probabilities{};
};

class Classifier {
 public:
  // Throws c10::Error when the file is missing or damaged.
  explicit Classifier(const std::string& path = @FILE@);
  ~Classifier();
  // `@PIXELS@`: height x width x @CHANNELS@ @VALUES@, row by row. @SIZE@
  Result classify(const @TYPE@* @PIXELS@, int height, int width) const;

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

}  // namespace @NAME@
)";

constexpr const char* kSource = R"(// Written by cvtool export.
#include @HEADER@

#include <torch/script.h>

#include <algorithm>
#include <stdexcept>

namespace @NAME@ {

struct Classifier::Model {
  torch::jit::Module module;
};

Classifier::Classifier(const std::string& path) : model_(std::make_unique<Model>()) {
  model_->module = torch::jit::load(path, at::kCPU);
  model_->module.eval();
}

Classifier::~Classifier() = default;

Result Classifier::classify(const @TYPE@* @PIXELS@, int height, int width) const {
@CHECK@  const at::NoGradGuard no_grad;
  const at::Tensor pixels = @TENSOR@.permute({0, 3, 1, 2});
  // Channels last in memory, as the rows are: the order in which LibTorch's convolutions are fastest and right.
  const at::Tensor p = model_->module.forward({pixels}).toTensor().to(at::kFloat).contiguous();
  Result result;
  std::copy_n(p.data_ptr<float>(), kClasses, result.probabilities.begin());
  result.label = static_cast<int>(std::max_element(result.probabilities.begin(), result.probabilities.end()) - result.probabilities.begin());
  return result;
}

}  // namespace @NAME@
)";

constexpr const char* kBytes =
    "at::from_blob(const_cast<uint8_t*>(@PIXELS@), {1, height, width, @CHANNELS@}, at::kByte)";
// LibTorch's 16 bits have a sign.
constexpr const char* kDeep =
    "at::from_blob(const_cast<uint16_t*>(@PIXELS@), {1, height, width, @CHANNELS@}, "
    "at::kShort).to(at::kInt).bitwise_and(0xffff).to(at::kFloat).div(257)";

constexpr const char* kCheck =
    "  if (height != kHeight || width != kWidth) throw std::invalid_argument(\"resize the picture to kHeight x kWidth "
    "first\");\n";

}  // namespace

HeaderFiles header_files(const ModelFile& model, const HeaderPlan& plan) {
  const auto classes = model_classes(model.info);
  const bool deep = pixel_format(model.info).depth == 16;
  Words words{
      {"@HEADER@", "\"" + plan.stem + ".h\""},
      {"@FILE@", cpp_literal(plan.stem + ".pt")},
      {"@STEM@", plan.stem},
      {"@NAME@", cpp_identifier(plan.stem)},
      {"@HEIGHT@", std::to_string(model.golden.size(2))},
      {"@WIDTH@", std::to_string(model.golden.size(3))},
      {"@CHANNELS@", std::to_string(model.golden.size(1))},
      {"@TYPE@", deep ? "uint16_t" : "uint8_t"},
      {"@VALUES@", deep ? "values, 65535 is white" : "bytes"},
      {"@PIXELS@", model.golden.size(1) == 1 ? "grey" : "rgb"},
      {"@CLASSES@", std::to_string(classes.size())},
      {"@SIZE@", plan.resize_inside ? "Any size: the model resizes."
                                    : "Exactly kHeight x kWidth; throws std::invalid_argument otherwise."},
      {"@CHECK@", plan.resize_inside ? "" : kCheck},
      {"@LABELS@", literals(classes)},
  };
  words.emplace_back("@TENSOR@", replaced(deep ? kDeep : kBytes, words));
  return {replaced(kHeader, words), replaced(kSource, words)};
}

}  // namespace cvtool
