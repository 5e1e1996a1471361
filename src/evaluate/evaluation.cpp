#include "evaluate/evaluation.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/output.h"
#include "base/text.h"
#include "model/archive.h"
#include "model/archived/onnx_file.h"

namespace cvtool {
namespace {

constexpr int64_t kFewPhotos = 10;

std::string names_text(const std::vector<std::string>& names) { return named_list(names, 5); }

// What is remarkable about the number of photos of each class.
void add_count_warnings(std::vector<std::string>& warnings, const EvaluationMetrics& metrics,
                        const std::vector<std::string>& classes) {
  std::vector<std::string> absent, few;
  int64_t min = INT64_MAX, max = 0;
  for (size_t k = 0; k < classes.size(); ++k) {
    const int64_t support = metrics.classes[k].support;
    if (support == 0)
      absent.push_back(classes[k]);
    else if (support < kFewPhotos)
      few.push_back(classes[k]);
    if (support > 0) min = std::min(min, support);
    max = std::max(max, support);
  }
  if (!absent.empty())
    warnings.push_back("no photo of " + names_text(absent) + ": nothing is said about " +
                       (absent.size() == 1 ? "it" : "them"));
  if (!few.empty())
    warnings.push_back("fewer than " + std::to_string(kFewPhotos) + " photos of " + names_text(few) +
                       ": its metrics are rough");
  if (static_cast<double>(max) > kMaxImbalance * static_cast<double>(min))
    warnings.push_back("classes out of balance: from " + with_thousands(min) + " to " + counted(max, "photo") +
                       " a class; compare accuracy with the majority baseline, and look at macro F1");
}

std::vector<std::string> warnings_of(const EvaluationSubject& subject, const EvaluationMetrics& metrics) {
  std::vector<std::string> warnings;
  const std::string leakage = leakage_text(subject.duplicates, subject.split);
  if (!leakage.empty()) warnings.push_back(leakage);
  if (subject.split == "train") warnings.push_back("these are training photos: the metrics say nothing about new ones");
  if (!subject.skipped.empty())
    warnings.push_back(counted(static_cast<int64_t>(subject.skipped.size()), "bad file") + " skipped, such as " +
                       printable(subject.skipped[0].path) + ": " + subject.skipped[0].reason);
  add_count_warnings(warnings, metrics, subject.classes());
  warnings.insert(warnings.end(), subject.notes.begin(), subject.notes.end());
  return warnings;
}

}  // namespace

std::vector<std::string> EvaluationSubject::classes() const {
  return info.at("classes").get<std::vector<std::string>>();
}

EvaluationSubject subject_of(const std::string& path, const ModelFile& model, const Dataset& dataset,
                             const OpenedSplit& split) {
  EvaluationSubject subject;
  subject.model = path;
  subject.info = model.info;
  if (!model.has_net()) {
    const std::string version = onnx_runtime_of(model.module);
    subject.runtime = version.empty() ? "cvtool's interpreter of ONNX" : "ONNX Runtime " + version;
  }
  subject.split = split.name;
  subject.root = dataset.root;
  subject.skipped = split.skipped;
  subject.notes = dataset.notes;
  // Models of earlier versions do not say what they were trained on.
  const auto of_training = model.info.value("data", Json::object()).value("counts", std::vector<int64_t>());
  const std::vector<int64_t> counts =
      of_training.empty() ? counts_by_label(dataset.train, dataset.classes.size()) : of_training;
  const auto most = std::max_element(counts.begin(), counts.end());
  if (most != counts.end() && *most > 0) subject.majority = most - counts.begin();
  return subject;
}

Evaluation evaluate(const EvaluationSubject& subject, Outputs outputs, std::optional<double> threshold) {
  Evaluation evaluation;
  evaluation.outputs = std::move(outputs);
  evaluation.threshold = threshold;
  EvaluationOptions options;
  options.threshold = threshold;
  options.majority = subject.majority;
  evaluation.metrics = evaluation_metrics(evaluation.outputs.predictions, options);
  Json& document = evaluation.document;
  document = {{"model", subject.model},
              {"model_digest", stored_digest(subject.model)},
              {"data", subject.data},
              {"split", subject.split}};
  if (!subject.runtime.empty()) document["runtime"] = subject.runtime;
  if (threshold) document["threshold"] = *threshold;
  if (!subject.tta.empty()) document["tta"] = subject.tta;
  document["metrics"] = metrics_document(evaluation.outputs, evaluation.metrics, subject.classes());
  document["warnings"] = warnings_of(subject, evaluation.metrics);
  document["skipped"] = Json::array();
  for (const BadFile& bad : subject.skipped)
    document["skipped"].push_back({{"path", bad.path}, {"reason", bad.reason}});
  return evaluation;
}

MetricValue measured(const Evaluation& evaluation, const std::string& name) {
  if (name == "loss") return {name, evaluation.outputs.loss, {}};
  const Metric& metric = evaluation.metrics.metric(name);
  MetricValue value{name, {}, {}};
  if (!std::isnan(metric.value)) value.value = metric.value;
  if (!std::isnan(metric.interval.low)) value.interval = {metric.interval.low, metric.interval.high};
  return value;
}

}  // namespace cvtool
