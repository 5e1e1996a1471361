#include "export/header.h"

#include <ATen/ATen.h>

#include <cctype>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace cvtool {
namespace {

std::string identifier(const std::string& text) {
  std::string out;
  for (const char c : text) out += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return out.empty() || std::isdigit(static_cast<unsigned char>(out[0])) ? "model_" + out : out;
}

std::string replaced(std::string text, const std::vector<std::pair<std::string, std::string>>& words) {
  for (const auto& [word, meaning] : words)
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + meaning.size()))
      text.replace(at, word.size(), meaning);
  return text;
}

// A JSON string without \u escapes is a C++ string literal too.
std::string literals(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names)
    quoted.push_back(Json(name).dump(-1, ' ', false, Json::error_handler_t::replace));
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
  explicit Classifier(const std::string& path = "@STEM@.pt");
  ~Classifier();
  // `rgb`: height x width x 3 bytes, row by row. @SIZE@
  Result classify(const uint8_t* rgb, int height, int width) const;

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

Result Classifier::classify(const uint8_t* rgb, int height, int width) const {
@CHECK@  const at::NoGradGuard no_grad;
  const at::Tensor pixels = at::from_blob(const_cast<uint8_t*>(rgb), {1, height, width, 3}, at::kByte).permute({0, 3, 1, 2}).contiguous();
  const at::Tensor p = model_->module.forward({pixels}).toTensor().to(at::kFloat).contiguous();
  Result result;
  std::copy_n(p.data_ptr<float>(), kClasses, result.probabilities.begin());
  result.label = static_cast<int>(std::max_element(result.probabilities.begin(), result.probabilities.end()) - result.probabilities.begin());
  return result;
}

}  // namespace @NAME@
)";

constexpr const char* kCheck =
    "  if (height != kHeight || width != kWidth) throw std::invalid_argument(\"resize the picture to kHeight x kWidth "
    "first\");\n";

}  // namespace

HeaderFiles header_files(const ModelFile& model, const HeaderPlan& plan) {
  const auto classes = model_classes(model);
  const std::vector<std::pair<std::string, std::string>> words{
      {"@HEADER@", "\"" + plan.stem + ".h\""},
      {"@STEM@", plan.stem},
      {"@NAME@", identifier(plan.stem)},
      {"@HEIGHT@", std::to_string(model.golden.size(2))},
      {"@WIDTH@", std::to_string(model.golden.size(3))},
      {"@CLASSES@", std::to_string(classes.size())},
      {"@SIZE@", plan.resize_inside ? "Any size: the model resizes."
                                    : "Exactly kHeight x kWidth; throws std::invalid_argument otherwise."},
      {"@CHECK@", plan.resize_inside ? "" : kCheck},
      {"@LABELS@", literals(classes)},
  };
  return {replaced(kHeader, words), replaced(kSource, words)};
}

}  // namespace cvtool
