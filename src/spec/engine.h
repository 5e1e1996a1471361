// The border between the program and its engine. The program loads the engine library when a command has work;
// everything crosses as plain data.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/observer.h"
#include "spec/datatools_options.h"
#include "spec/requests.h"

namespace cvtool {

struct TrainResult {
  std::string run;         // the run's folder
  int64_t best_epoch = 0;  // 0: none was finished
  int64_t epochs = 0;      // that are done
  double seconds = 0;      // of training, in all sessions
  bool interrupted = false;
  int64_t seed = 0;
  std::string resume;              // the command that goes on; empty when all epochs are done
  std::vector<std::string> notes;  // for people: why it ended early, what the curves say
  Json metrics;                    // of best.pt, as eval gives them; null when interrupted
};

struct EvalResult {
  std::string folder;               // where the files are
  Json document;                    // what metrics.json holds
  std::vector<std::string> missed;  // a sentence for each gate that was not met
};

// One image's answer, or the reason why there is none.
struct ImageResult {
  std::string path;
  std::string error;                  // empty: it was read
  std::vector<double> probabilities;  // in the order of PredictSink::begin's classes
  std::vector<size_t> ranked;         // class numbers by falling probability; among equals the first class
  std::string label;                  // the most probable class, or kUnknownClass below the threshold
};

constexpr const char* kUnknownClass = "unknown";

struct PredictSink {
  std::function<void(const std::vector<std::string>& classes)> begin;
  std::function<void(const ImageResult& result)> image;
};

struct Engine {
  TrainResult (*train)(const TrainRequest&, Observer&);
  // Tries learning rates instead of training, and writes a picture of the losses: {"lr": the one to take, "rates",
  // "losses", "picture"}.
  Json (*find_lr)(const TrainRequest&, const std::string& picture, Observer&);
  EvalResult (*eval)(const EvalRequest&, Observer&);
  // {"runs": [{run, recipe, accuracy, ...}], "picture": FILE}, the best first.
  Json (*compare)(const CompareRequest&);
  // Number of images that could not be read.
  int64_t (*predict)(const PredictRequest&, const PredictSink&, Observer&);
  // {"file", "format", "precision", "pictures", "checks": [{reader, difference, agreement, refused, caveat}], "table":
  // [{what, bytes, milliseconds, accuracy}], "also": [files]}
  Json (*export_model)(const ExportRequest&, Observer&);
  // name, input, classes, layers [{name, kind, output, trainable, non_trainable}], totals; with costs each layer's
  // receptive_field {size, stride, offset}, macs and activation_bytes.
  Json (*summary)(const SummaryRequest&);
  // {"drawn": N, "kept": N}
  Json (*sample)(const std::string& folder, const DrawnSetOptions&, Observer&);
  // {"report": {...}, "lines": [{what, count, examples}], "clean": bool}
  Json (*check)(const LookRequest&, Observer&);
  // Counts a class and split, sizes, baseline, channel means.
  Json (*stats)(const LookRequest&, Observer&);
  // Photos in each split, and what was done.
  Json (*split)(const SplitRequest&, Observer&);
  // {"counts": {CLASS: N}, "written": N, "there": N, "passed_over": N}
  Json (*unpack)(const UnpackRequest&, Observer&);
  // Writes a sheet of labelled photos to request.output; with a recipe or augmentation two more beside it. What was
  // written.
  std::vector<std::string> (*preview)(const LookRequest&, const PreviewOptions&, Observer&);
  // The file written, its size, base, variant, parameters, the name to use it by.
  Json (*import_base)(const ImportRequest&, Observer&);
  // {"document": the numbers and "files", "lines": what came out, "failed": pictures that could not be read}
  Json (*explain)(const ExplainRequest&, Observer&);
  // {"file", "kind", "claims": {...}, "checks": [{check, good, detail}], "good"}
  Json (*verify)(const VerifyRequest&);
};

// The one symbol that the program looks up in the engine library.
constexpr const char* kEngineSymbol = "cvtool_engine";

}  // namespace cvtool

extern "C" const cvtool::Engine* cvtool_engine();
