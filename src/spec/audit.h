// Whose labels are wrong: what `data audit` and `data fix` are asked, and what they answer. `fields` of each result
// gives the keys of --json.
#pragma once

#include <string>
#include <vector>

#include "spec/data_results.h"
#include "spec/requests.h"

namespace cvtool {

struct AuditOptions {
  int64_t folds = 5;
  int64_t seed = 42;
  int64_t shown = 200;
};
template <class Visitor>
void fields(AuditOptions& c, Visitor&& visit) {
  visit("folds", c.folds, Doc("so many models, each for the photos that it has not seen").range(2, 100).takes("K"));
  visit("seed", c.seed, Doc("seed of the folds").range(0, 9007199254740991.0));
  visit("shown", c.shown,
        Doc("so many labels are on the page, the worst first; the files hold all of them").range(1, 5000));
}

struct AuditRequest {
  std::string data;
  std::string run;                  // a cross-validation's folder whose predictions are audited; empty: one is made
  std::string base = "auto";        // as choose_base's
  std::string output;               // folder; empty: DATA-audit here
  Json overrides = Json::object();  // of DataConfig
  AuditOptions options;
  RunOptions machine;
  bool offline = false;
};

struct LabelFinding {
  std::string path;  // as Sample::path
  std::string given, suggested;
  double self_confidence = 0, suggested_probability = 0;  // of the given label, and of the suggested one
  double margin = 0;                                      // 0..1, the smaller the worse; see label_margin
};
inline void fields(const LabelFinding& f, JsonWriter& visit) {
  visit("path", f.path), visit("given", f.given), visit("suggested", f.suggested),
      visit("self_confidence", f.self_confidence), visit("suggested_probability", f.suggested_probability),
      visit("margin", f.margin);
}

// Two classes that are taken for each other.
struct ClassPair {
  std::string first, second;
  double share = 0;  // of the photos labelled one of both, those whose true label is the other one
};
inline void fields(const ClassPair& p, JsonWriter& visit) {
  visit("first", p.first), visit("second", p.second), visit("share", p.share);
}

struct OddPhoto {
  std::string path, class_name;
  double distance = 0;  // mean cosine distance to its nearest photos
};
inline void fields(const OddPhoto& p, JsonWriter& visit) {
  visit("path", p.path), visit("class", p.class_name), visit("distance", p.distance);
}

struct AuditResult {
  std::string data, run;  // the cross-validation's folder
  int64_t photos = 0;
  std::vector<std::string> classes;
  double accuracy = 0;                     // of the models on photos that they have not seen, by the given labels
  double noise = 0;                        // share of the labels that are wrong, as the joint has it
  std::vector<double> thresholds;          // by class; see class_thresholds
  std::vector<std::vector<double>> joint;  // [given][true], sums to 1
  std::vector<LabelFinding> labels;        // the worst first
  std::vector<ClassPair> overlaps;         // the most first
  std::vector<DuplicateGroup> duplicates;  // alike by the features; those of several classes first
  std::vector<OddPhoto> outliers;          // the oddest first
  std::vector<std::string> notes, files;   // files that were written
};
inline void fields(const AuditResult& r, JsonWriter& visit) {
  visit("data", r.data), visit("run", r.run), visit("photos", r.photos), visit("classes", r.classes),
      visit("accuracy", r.accuracy), visit("noise", r.noise), visit("thresholds", r.thresholds),
      visit("joint", r.joint), visit("labels", r.labels), visit("overlaps", r.overlaps),
      visit("duplicates", r.duplicates), visit("outliers", r.outliers), visit("notes", r.notes),
      visit("files", r.files);
}

struct FixRequest {
  std::string data, fixes;  // folder of classes; CSV file of what is to be done, or with `undo` an undo file
  std::string into;         // folder to make; empty: in place
  bool undo = false;
};

struct FixResult {
  int64_t relabelled = 0, dropped = 0, kept = 0;  // of the fixes
  int64_t placed = 0;                             // photos copied into the new folder; 0 in place
  int64_t there = 0;                              // that an earlier call had done already
  std::string undo;                               // file that undoes it; empty where there is none
};
inline void fields(const FixResult& r, JsonWriter& visit) {
  visit("relabelled", r.relabelled), visit("dropped", r.dropped), visit("kept", r.kept), visit("placed", r.placed),
      visit("there", r.there), visit("undo", r.undo);
}

}  // namespace cvtool
