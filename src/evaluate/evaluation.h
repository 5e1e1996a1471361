// What a model says of a set of photos, measured, judged and written down: the end of train and the whole of eval.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/leakage.h"
#include "evaluate/heat_view.h"
#include "evaluate/outputs.h"
#include "metrics/evaluation_metrics.h"
#include "spec/recipe.h"
#include "spec/results.h"

namespace cvtool {

// What was evaluated.
struct EvaluationSubject {
  std::string model;              // the model file
  Json info;                      // its cvtool.json
  std::string data, split, root;  // as --data says; "test"; the folder that paths are relative to
  std::vector<BadFile> skipped;
  std::vector<std::string> notes;   // of the dataset
  Duplicates duplicates;            // of training photos among the split's
  std::string device, precision;    // what it ran on: "cpu", "fp32"
  std::string runtime;              // of an ONNX file, what computed it; empty: LibTorch
  std::string tta;                  // see tta_text; empty: none
  HeatView heat;                    // of the model; for the worst mistakes
  std::optional<int64_t> majority;  // the class most frequent in training, where that is known

  std::vector<std::string> classes() const;
};

// What is known of a model on a split of its own or other data; `path` is the model file's. How it ran, `data`,
// `duplicates` and `heat` are for the caller to fill in.
EvaluationSubject subject_of(const std::string& path, const ModelFile& model, const Dataset& dataset,
                             const OpenedSplit& split);

struct Evaluation {
  Outputs outputs;
  std::optional<double> threshold;
  EvaluationMetrics metrics;
  // What metrics.json holds: model, data, split, metrics, skipped, warnings; its caller may add "gates", "baseline"
  // and "calibration" before it is written.
  Json document;
};

// Throws as evaluation_metrics does.
Evaluation evaluate(const EvaluationSubject& subject, Outputs outputs, std::optional<double> threshold = {});

// "loss", "majority_baseline" or a name of EvaluationMetrics::metrics.
MetricValue measured(const Evaluation& evaluation, const std::string& name);

// The files that write_evaluation writes.
std::vector<std::string> evaluation_file_names();

// Writes metrics.json, predictions.csv, confusion_matrix.csv, the pictures, report.html and MODEL_CARD.md into the
// folder, which is made. A card that somebody has changed stays, with a warning.
void write_evaluation(const std::string& folder, const EvaluationSubject& subject, const Evaluation& evaluation);

// The same of photos of which each was judged by the model that has not seen it, without a card; subject.model is one
// of the models.
void write_out_of_fold(const std::string& folder, const EvaluationSubject& subject, const Evaluation& evaluation);

}  // namespace cvtool
