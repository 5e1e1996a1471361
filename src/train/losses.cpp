#include "train/losses.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/name_list.h"
#include "base/text.h"
#include "base/utf8.h"

namespace cvtool {
namespace {

bool is_mixed(const at::Tensor& labels) { return labels.dim() == 2; }

// [N,K] f32: the probability of each class. One unit tells two classes apart.
at::Tensor targets_of(const at::Tensor& logits, const at::Tensor& labels) {
  if (is_mixed(labels)) return labels.to(at::kFloat);
  return at::one_hot(labels, std::max<int64_t>(logits.size(1), 2)).to(at::kFloat);
}

// [N]: each sample's -sum of target * log p, each term times (1 - p)^gamma.
at::Tensor categorical_terms(const at::Tensor& z, const at::Tensor& targets, double gamma) {
  const at::Tensor log_p = at::log_softmax(z, 1);
  at::Tensor terms = targets * log_p;
  // Below 1, the power's slope at zero is infinite, and log p there is zero.
  if (gamma > 0)
    terms = terms * (-log_p.expm1()).clamp_min(static_cast<double>(std::numeric_limits<float>::epsilon())).pow(gamma);
  return -terms.sum(1);
}

// [N]: the same of independent units, mean over them.
at::Tensor binary_terms(const at::Tensor& z, const at::Tensor& targets, double gamma) {
  if (gamma == 0) return at::binary_cross_entropy_with_logits(z, targets, {}, {}, at::Reduction::None).mean(1);
  // The power by way of the logarithm: finite, with a finite slope, however sure the net is.
  const at::Tensor log_p = at::log_sigmoid(z), log_rest = at::log_sigmoid(-z);
  const at::Tensor terms =
      targets * (log_rest * gamma).exp() * log_p + (1 - targets) * (log_p * gamma).exp() * log_rest;
  return -terms.mean(1);
}

at::Tensor terms_of(const TrainingLoss& loss, const at::Tensor& z, const at::Tensor& targets) {
  const double gamma = loss.name == "focal" ? loss.focal_gamma : 0;
  if (z.size(1) == 1) return binary_terms(z, targets.narrow(1, 1, 1), gamma);
  return loss.name == "binary_crossentropy" ? binary_terms(z, targets, 0) : categorical_terms(z, targets, gamma);
}

constexpr const char* kFlag = "--class-weights";

double weight_from(const std::string& text) {
  const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  constexpr double kMost = 1e30;  // far below what float32 holds
  if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > kMost)
    throw UsageError(std::string(kFlag) + ": '" + text + "' is not a weight; write a number such as 2.5");
  return value.get<double>();
}

}  // namespace

std::string resolve_loss(const std::string& loss, int64_t units) {
  if (loss == "auto") return units == 1 ? "binary_crossentropy" : "sparse_categorical_crossentropy";
  if (units == 1 && loss != "binary_crossentropy" && loss != "focal")
    throw UsageError("train.loss: " + loss +
                     " needs a unit per class, but the net has one unit; use binary_crossentropy");
  return loss;
}

at::Tensor loss_from_logits(const std::string& loss, const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor z = logits.to(at::kFloat);
  if (is_mixed(labels)) {
    TrainingLoss plain;
    plain.name = loss == "binary_crossentropy" ? loss : "categorical_crossentropy";
    return terms_of(plain, z, targets_of(logits, labels)).mean();
  }
  if (z.size(1) == 1) return at::binary_cross_entropy_with_logits(z.squeeze(1), labels.to(at::kFloat));
  if (loss != "binary_crossentropy") return at::cross_entropy_loss(z, labels);
  return at::binary_cross_entropy_with_logits(z, at::one_hot(labels, z.size(1)).to(at::kFloat));
}

at::Tensor training_loss(const TrainingLoss& loss, const at::Tensor& logits, const at::Tensor& labels) {
  // LibTorch's own fused losses where they say the same.
  if (loss.name != "focal" && loss.label_smoothing == 0 && !loss.class_weights.defined())
    return loss_from_logits(loss.name, logits, labels);
  const at::Tensor z = logits.to(at::kFloat), targets = targets_of(logits, labels);
  const double s = loss.label_smoothing;
  at::Tensor terms = terms_of(loss, z, s > 0 ? targets * (1 - s) + s / static_cast<double>(targets.size(1)) : targets);
  if (loss.class_weights.defined()) terms = terms * targets.matmul(loss.class_weights);
  return terms.mean();
}

at::Tensor correct_from_logits(const at::Tensor& logits, const at::Tensor& labels) {
  // By the probabilities, as eval decides: two logits may differ and their probabilities round to the same.
  const at::Tensor z = logits.to(at::kFloat);
  const at::Tensor predicted = z.size(1) == 1 ? z.squeeze(1).sigmoid().gt(0.5).to(at::kLong) : z.softmax(1).argmax(1);
  return predicted.eq(is_mixed(labels) ? labels.argmax(1) : labels).sum();
}

std::string accuracy_name(int64_t units) { return units == 1 ? "binary_accuracy" : "accuracy"; }

at::Tensor balancing_weights(const std::vector<int64_t>& counts) {
  at::Tensor n = at::tensor(counts, at::kLong).to(at::kFloat);
  return n.sum() / (n.clamp_min(1) * static_cast<double>(counts.size()));
}

std::string resolve_class_weights(const std::string& text) {
  std::error_code error;
  const bool file_there = ends_with(text, ".json") && std::filesystem::is_regular_file(text, error);
  if (text == "none" || text == "auto") return text;
  if (!file_there && text.find_first_of("={") != std::string::npos) return text_of_names(names_from_text(text, kFlag));
  if (text.find('/') == std::string::npos && !ends_with(text, ".json"))
    throw UsageError(std::string(kFlag) + ": '" + text + "' is neither none, auto, a .json file nor CLASS=WEIGHT,...");
  const Json file = json_from_file(text);
  if (!file.is_object() || file.empty())
    throw UsageError(std::string(kFlag) + " " + text + ": must hold an object such as {\"Car\": 1, \"Truck\": 2.5}");
  std::vector<std::string> parts;
  for (const auto& [name, weight] : file.items()) parts.push_back(name + "=" + weight.dump());
  return text_of_names(parts);
}

at::Tensor class_weights_tensor(const std::string& resolved, const std::vector<std::string>& classes,
                                const std::vector<Sample>& samples) {
  if (resolved == "none") return {};
  if (resolved == "auto") return balancing_weights(counts_by_label(samples, classes.size()));
  at::Tensor weights = at::ones({static_cast<int64_t>(classes.size())});
  for (const std::string& part : names_from_text(resolved, kFlag)) {
    const size_t equals = part.rfind('=');
    const std::string name = part.substr(0, equals);
    const auto place = place_of_name(classes, name);
    if (equals == std::string::npos || !place)
      throw UsageError(std::string(kFlag) + ": " + unknown_word("class", name, classes));
    weights[static_cast<int64_t>(*place)] = weight_from(part.substr(equals + 1));
  }
  const auto counts = counts_by_label(samples, classes.size());
  double total = 0;
  for (size_t label = 0; label < counts.size(); ++label)
    total += weights[static_cast<int64_t>(label)].item<double>() * static_cast<double>(counts[label]);
  if (total <= 0 && !samples.empty())
    throw UsageError(
        std::string(kFlag) + ": " + resolved +
        " leaves no training photo a weight, so that nothing would be learned; give one class more than 0");
  return weights;
}

}  // namespace cvtool
