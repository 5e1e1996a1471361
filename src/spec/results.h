// What the engine gives back: plain structs, free of LibTorch and OpenCV. `fields` of each gives the keys of --json.
#pragma once

#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "spec/gates.h"
#include "spec/profile_result.h"

namespace cvtool {

using Interval95 = std::array<double, 2>;  // low, high

struct MetricValue {
  std::string name;
  std::optional<double> value;  // none: undefined on these photos
  std::optional<Interval95> interval;
};

// One training of a cross-validation.
struct FoldResult {
  std::string run;     // its folder
  int64_t photos = 0;  // that it has not seen, and is measured on
  double accuracy = 0;
};
inline void fields(const FoldResult& f, JsonWriter& visit) {
  visit("run", f.run), visit("photos", f.photos), visit("accuracy", f.accuracy);
}

struct TrainResult {
  std::string run;         // the run's folder
  int64_t best_epoch = 0;  // 0: none was finished
  bool chosen = true;      // by a figure; false: it is the last one, as asked
  int64_t epochs = 0;      // that are done
  double seconds = 0;      // of training, in all sessions
  bool interrupted = false;
  int64_t seed = 0;
  std::string base;                     // what --base auto came to: a name, "none"; empty where it was not asked
  std::string resume;                   // the command that goes on; empty when all epochs are done
  std::vector<std::string> notes;       // for people: why it ended early, what the curves say
  Json metrics;                         // of best.pt, as eval gives them; null when interrupted
  MetricValue accuracy;                 // of these
  std::optional<TrainProfile> profile;  // where it was asked for
  double loss = 0;
  // Of a cross-validation, whose folder `run` is: one a fold. Then the metrics are of all photos, each judged by the
  // model that has not seen it.
  std::vector<FoldResult> folds;
  double fold_mean = 0, fold_spread = 0;  // of the folds' accuracy; the spread is the standard deviation
};
inline void fields(const TrainResult& r, JsonWriter& visit) {
  visit("run", r.run), visit("best_epoch", r.best_epoch), visit("epochs", r.epochs), visit("seconds", r.seconds),
      visit("interrupted", r.interrupted), visit("resume", r.resume), visit("notes", r.notes),
      visit("metrics", r.metrics);
  if (r.profile) visit("profile", *r.profile);
  if (!r.folds.empty()) visit("folds", r.folds), visit("fold_mean", r.fold_mean), visit("fold_spread", r.fold_spread);
}

struct LrFinding {
  double lr = 0;                      // the one to take
  std::vector<double> rates, losses;  // see LrCurve
  std::string picture;                // file
};
inline void fields(const LrFinding& f, JsonWriter& visit) {
  visit("lr", f.lr), visit("rates", f.rates), visit("losses", f.losses), visit("picture", f.picture);
}

// McNemar's test against another model; not met when that one recognises significantly more.
struct BaselineResult {
  std::string name;
  double accuracy = 0;
  int64_t only_this_right = 0, only_baseline_right = 0;  // photos
  double p_value = 1;
  bool met = false;
  std::string text;  // a sentence
};
inline void fields(const BaselineResult& b, JsonWriter& visit) {
  visit("name", b.name), visit("accuracy", b.accuracy), visit("only_this_right", b.only_this_right),
      visit("only_baseline_right", b.only_baseline_right), visit("p_value", b.p_value), visit("met", b.met),
      visit("text", b.text);
}

struct CalibrationChange {
  double ece_before = 0, ece_after = 0, log_loss_before = 0, log_loss_after = 0;
};
inline void fields(const CalibrationChange& c, JsonWriter& visit) {
  visit("ece_before", c.ece_before), visit("ece_after", c.ece_after), visit("log_loss_before", c.log_loss_before),
      visit("log_loss_after", c.log_loss_after);
}

struct Calibration {
  std::string method;
  double temperature = 1;  // the model's from now on
  int64_t photos = 0;      // that it was fitted on
  Keyed<CalibrationChange> splits;
};
inline void fields(const Calibration& c, JsonWriter& visit) {
  visit("method", c.method);
  visit("temperature", c.temperature);
  visit("photos", c.photos);
  for (const auto& [split, change] : c.splits) visit(split.c_str(), change);
}

// Of sets of classes; see coverage_reached.
struct CoverageResult {
  double asked = 0, reached = 0;
  Interval95 interval{};   // of `reached`
  double mean_size = 0;    // classes in a set
  double singles = 0;      // share of the sets that hold one class
  int64_t calibrated = 0;  // photos that the model was calibrated with
};
inline void fields(const CoverageResult& c, JsonWriter& visit) {
  visit("asked", c.asked), visit("reached", c.reached), visit("interval", c.interval);
  visit("mean_size", c.mean_size), visit("singles", c.singles), visit("calibrated", c.calibrated);
}

// How well photos of something else are told from known ones; see detection_of.
struct OodMethod {
  double auroc = 0, fpr95 = 0;
};
inline void fields(const OodMethod& m, JsonWriter& visit) { visit("auroc", m.auroc), visit("fpr95", m.fpr95); }

struct OodResult {
  std::string data;
  int64_t photos = 0, known = 0;  // of something else; of the evaluated split
  Keyed<OodMethod> methods;       // "features" (that of predict --unknown), "softmax", "energy"
};
inline void fields(const OodResult& o, JsonWriter& visit) {
  Json methods = Json::object();
  for (const auto& [name, method] : o.methods) methods[name] = method;
  visit("data", o.data), visit("photos", o.photos), visit("known", o.known), visit("methods", methods);
}

inline void fields(const GateResult& g, JsonWriter& visit) {
  visit("metric", g.gate.metric), visit(g.gate.min ? "min" : "max", g.gate.value);
  visit("value", std::isnan(g.value) ? Json() : Json(g.value)), visit("met", g.met), visit("text", gate_text(g));
}

struct EvalResult {
  std::string folder;                // where the files are
  Json document;                     // what metrics.json holds
  std::string split;                 // "test"
  int64_t photos = 0;                // of it
  std::vector<MetricValue> metrics;  // the first to look at
  std::vector<GateResult> gates;
  std::optional<BaselineResult> baseline;
  std::optional<Calibration> calibration;
  std::optional<CoverageResult> coverage;
  std::optional<OodResult> ood;
};

// A run beside others. What it does not have is left open.
struct ComparedRun {
  std::string run, recipe;
  std::optional<std::string> split;  // that the metrics are of; none: the run was interrupted
  std::optional<double> accuracy;    // of the best epoch where it was
  std::optional<Interval95> accuracy_interval;
  std::optional<double> loss;
  int64_t epochs = 0;
  double seconds = 0;
  std::optional<double> images_per_second;  // median of the epochs
  std::optional<int64_t> bytes;             // of the model file
};
inline void fields(const ComparedRun& r, JsonWriter& visit) {
  visit("run", r.run), visit("recipe", r.recipe), visit("split", r.split), visit("accuracy", r.accuracy),
      visit("accuracy_interval", r.accuracy_interval), visit("loss", r.loss), visit("epochs", r.epochs),
      visit("seconds", r.seconds), visit("images_per_second", r.images_per_second), visit("bytes", r.bytes);
}

struct Comparison {
  std::vector<ComparedRun> runs;  // the best first
  std::string picture;            // file of the curves
};
inline void fields(const Comparison& c, JsonWriter& visit) { visit("runs", c.runs), visit("picture", c.picture); }

// How far a photo is from what the model has learned.
struct Familiarity {
  bool unknown = false;    // at the rate of false alarms that was asked for
  double familiarity = 0;  // share of known photos that are as far away, above 0; at most the rate where it is unknown
  double distance = 0;     // about 1 for known photos
};

// One image's answer, or the reason why there is none.
struct ImageResult {
  std::string path;
  std::string error;                       // empty: it was read
  std::vector<double> probabilities;       // in the order of PredictSink::begin's classes
  std::vector<size_t> ranked;              // class numbers by falling probability; among equals the first class
  std::string label;                       // the most probable class, or kUnknownClass below the threshold
  std::optional<Familiarity> familiarity;  // where it was asked for
  std::optional<size_t> possible;          // the same: so many of `ranked`, from the first, are possible
};

constexpr const char* kUnknownClass = "unknown";

struct PredictSink {
  std::function<void(const std::vector<std::string>& classes)> begin;
  std::function<void(const ImageResult& result)> image;
};

// An exported file, read back by one reader.
struct ExportCheck {
  std::string reader;
  double difference = 0;            // from the model, at most
  std::optional<double> agreement;  // fraction of pictures that keep their class; none: no outputs
  std::string refused;              // why the reader cannot read it; empty: it did
  std::string caveat;               // why its outputs say nothing about the file; empty: they do
};
inline void fields(const ExportCheck& c, JsonWriter& visit) {
  visit("reader", c.reader), visit("difference", c.difference), visit("agreement", c.agreement),
      visit("refused", c.refused), visit("caveat", c.caveat);
}

struct ExportRow {
  std::string what;  // "model" or "exported"
  int64_t bytes = 0;
  std::optional<double> milliseconds;  // a picture
  std::optional<double> accuracy;      // none: the pictures have no labels
};
inline void fields(const ExportRow& r, JsonWriter& visit) {
  visit("what", r.what), visit("bytes", r.bytes), visit("milliseconds", r.milliseconds), visit("accuracy", r.accuracy);
}

struct ExportResult {
  std::string file, format, precision;
  std::string pictures;  // "the golden sample and 64 drawn pictures"
  std::vector<ExportCheck> checks;
  std::vector<ExportRow> table;
  std::vector<std::string> also;  // files beside it
};
inline void fields(const ExportResult& r, JsonWriter& visit) {
  visit("file", r.file), visit("format", r.format), visit("precision", r.precision), visit("pictures", r.pictures),
      visit("checks", r.checks), visit("table", r.table), visit("also", r.also);
}

struct ImportResult {
  std::string file;
  int64_t bytes = 0;
  std::vector<std::string> classes;  // of a whole model; all that follows is of a backbone
  std::string backbone, variant;
  Json parameters;           // {"alpha": 0.35}
  std::string use, output;   // the name to use it by; what it gives
  Json preprocess, weights;  // as in a recipe; the file that they came in
  std::string licence;       // of the weights
  int64_t total = 0;         // numbers in them
};
inline void fields(const ImportResult& r, JsonWriter& visit) {
  visit("file", r.file);
  visit("bytes", r.bytes);
  if (!r.classes.empty()) return visit("classes", r.classes);
  visit("base", r.backbone);
  visit("variant", r.variant);
  visit("parameters", r.parameters);
  visit("use", r.use);
  visit("output", r.output);
  visit("preprocess", r.preprocess);
  visit("licence", r.licence);
  visit("weights", r.weights);
  visit("total", r.total);
}

struct VerifyCheck {
  std::string check;
  bool good = false;
  std::string detail;
};
inline void fields(const VerifyCheck& c, JsonWriter& visit) {
  visit("check", c.check), visit("good", c.good), visit("detail", c.detail);
}

struct VerifyResult {
  std::string file, kind;  // "model" or "onnx"
  Json claims;             // what the file says of itself
  std::vector<VerifyCheck> checks;
  bool good() const {
    for (const VerifyCheck& check : checks)
      if (!check.good) return false;
    return true;
  }
};
inline void fields(const VerifyResult& r, JsonWriter& visit) {
  visit("file", r.file), visit("kind", r.kind), visit("claims", r.claims), visit("checks", r.checks),
      visit("good", r.good());
}

struct ExplainResult {
  Json document;                   // the numbers and "files"
  std::vector<std::string> lines;  // what came out, for people
  int64_t failed = 0;              // pictures that could not be read
};

}  // namespace cvtool
