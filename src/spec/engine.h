// The border between the program and its engine. The program loads the engine library when a command has work;
// everything crosses as plain data.
#pragma once

#include <string>
#include <vector>

#include "base/observer.h"
#include "base/version.h"
#include "spec/audit.h"
#include "spec/data_results.h"
#include "spec/datatools_options.h"
#include "spec/doctor_result.h"
#include "spec/drift_request.h"
#include "spec/drift_result.h"
#include "spec/requests.h"
#include "spec/results.h"
#include "spec/summary_result.h"

namespace cvtool {

// To be raised with every change of what crosses the border, in this folder or in base/.
constexpr int kEngineVersion = 8;

// "0.1.0 (border 1)": what program and engine must have in common.
inline std::string engine_version() {
  return std::string(kVersion) + " (border " + std::to_string(kEngineVersion) + ")";
}

struct Engine {
  TrainResult (*train)(const TrainRequest&, Observer&);
  // Tries learning rates instead of training, and writes a picture of the losses.
  LrFinding (*find_lr)(const TrainRequest&, const std::string& picture, Observer&);
  EvalResult (*eval)(const EvalRequest&, Observer&);
  Comparison (*compare)(const CompareRequest&);
  // Number of images that could not be read.
  int64_t (*predict)(const PredictRequest&, const PredictSink&, Observer&);
  ExportResult (*export_model)(const ExportRequest&, Observer&);
  ImportResult (*import_backbone)(const ImportRequest&, Observer&);
  VerifyResult (*verify)(const VerifyRequest&);
  ExplainResult (*explain)(const ExplainRequest&, Observer&);
  Summary (*summary)(const SummaryRequest&);
  SampleResult (*sample)(const std::string& folder, const DrawnSetOptions&, Observer&);
  CheckResult (*check)(const LookRequest&, const ComparedBy&, Observer&);
  DataStats (*stats)(const LookRequest&, Observer&);
  DriftResult (*drift)(const DriftRequest&, Observer&);
  SplitResult (*split)(const SplitRequest&, Observer&);
  // Judges every label by models that have not seen its photo; writes its files into request.output.
  AuditResult (*audit)(const AuditRequest&, Observer&);
  FixResult (*fix)(const FixRequest&, Observer&);
  UnpackResult (*unpack)(const UnpackRequest&, Observer&);
  // Writes a sheet of labelled photos to request.output; with a recipe or augmentation two more beside it. What was
  // written.
  std::vector<std::string> (*preview)(const LookRequest&, const PreviewOptions&, Observer&);
  EngineFacts (*doctor)(const DoctorRequest&, Observer&);
};

}  // namespace cvtool

// What the program looks up in the engine library: its engine_version() first, so that nothing is asked of another one.
extern "C" const char* cvtool_engine_version();
extern "C" const cvtool::Engine* cvtool_engine();
