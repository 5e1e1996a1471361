// What the data commands find and do. `fields` of each gives the keys of --json.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/fields.h"

namespace cvtool {

struct PhotoFinding {
  std::string path;    // as Sample::path
  std::string reason;  // "truncated JPEG: ...", "12 x 9 pixels", ...
};
inline void fields(const PhotoFinding& f, JsonWriter& visit) { visit("path", f.path), visit("reason", f.reason); }

struct FoundPhoto {
  std::string path, split, class_name;
};
inline void fields(const FoundPhoto& p, JsonWriter& visit) {
  visit("path", p.path), visit("split", p.split), visit("class", p.class_name);
}

// Photos that are the same.
struct DuplicateGroup {
  std::vector<FoundPhoto> photos;  // two and more, by path
  bool across_splits = false;      // leakage: they lie in more than one split
  bool across_classes = false;     // they have more than one label
  bool across_groups = false;      // they are of more than one of the groups that the data names
};
inline void fields(const DuplicateGroup& g, JsonWriter& visit) {
  visit("across_splits", g.across_splits), visit("across_classes", g.across_classes),
      visit("across_groups", g.across_groups), visit("photos", g.photos);
}

// What a held-out split could say of a class, or of all, if 90 % of its photos were recognised.
struct ClassSupport {
  std::string name;
  int64_t photos = 0;
  std::array<double, 2> interval{0, 1};  // Wilson's 95 % interval of those 90 %; all there is without a photo
  bool measurable = true;                // the interval is not wider than half of all there is
};
inline void fields(const ClassSupport& c, JsonWriter& visit) {
  visit("class", c.name), visit("photos", c.photos), visit("interval", c.interval), visit("measurable", c.measurable);
}

struct SplitSupport {
  std::string split;  // "valid", "test"
  ClassSupport all;
  std::vector<ClassSupport> classes;
};
inline void fields(const SplitSupport& s, JsonWriter& visit) {
  visit("split", s.split), visit("photos", s.all.photos), visit("interval", s.all.interval),
      visit("classes", s.classes);
}

// Whether a held-out split's photos can be told from the training photos.
struct SplitDifference {
  std::string split;
  double auc = 0.5, p_value = 1;  // see DriftResult
  std::string warning;            // a sentence; empty: they do not differ
};
inline void fields(const SplitDifference& d, JsonWriter& visit) {
  visit("split", d.split), visit("auc", d.auc), visit("p_value", d.p_value), visit("warning", d.warning);
}

struct CheckReport {
  int64_t photos = 0;  // looked at
  int64_t groups = 0;  // that the data names
  std::vector<PhotoFinding> unreadable;
  std::vector<PhotoFinding> damaged;            // read, but with parts that could not be decoded
  std::vector<PhotoFinding> wrong_extension;    // content of another format than the name says
  std::vector<DuplicateGroup> duplicates;       // equal pixels
  std::vector<DuplicateGroup> near_duplicates;  // equal but for size and compression
  std::vector<PhotoFinding> tiny, huge, extreme_aspect, blank, dark, bright;
  std::vector<std::string> imbalance;        // sentences
  std::vector<std::string> too_few;          // sentences, of each class that a held-out split cannot measure
  int64_t needed = 0;                        // photos that a class takes to be measurable
  std::vector<SplitSupport> support;         // of each held-out split that has photos, where there are classes
  std::string compared_by;                   // "looks", or the backbone or model whose features were compared
  std::vector<SplitDifference> differences;  // of the splits that have photos enough to be compared
  std::vector<std::string> notes;            // of the dataset

  bool splits_differ() const {
    for (const SplitDifference& one : differences)
      if (!one.warning.empty()) return true;
    return false;
  }
  // True when there is nothing to tell but notes.
  bool clean() const {
    return unreadable.empty() && damaged.empty() && wrong_extension.empty() && duplicates.empty() &&
           near_duplicates.empty() && tiny.empty() && huge.empty() && extreme_aspect.empty() && blank.empty() &&
           dark.empty() && bright.empty() && imbalance.empty() && too_few.empty() && !splits_differ();
  }
};
inline void fields(const CheckReport& r, JsonWriter& visit) {
  visit("photos", r.photos), visit("clean", r.clean()), visit("unreadable", r.unreadable), visit("damaged", r.damaged),
      visit("wrong_extension", r.wrong_extension), visit("duplicates", r.duplicates),
      visit("near_duplicates", r.near_duplicates), visit("tiny", r.tiny), visit("huge", r.huge),
      visit("extreme_aspect", r.extreme_aspect), visit("blank", r.blank), visit("dark", r.dark),
      visit("bright", r.bright), visit("imbalance", r.imbalance), visit("too_few", r.too_few),
      visit("needed", r.needed), visit("support", r.support), visit("compared_by", r.compared_by),
      visit("differences", r.differences), visit("notes", r.notes);
}

// One line of the table for people.
struct CheckLine {
  std::string what;  // "near duplicates across splits"
  int64_t count = 0;
  std::vector<std::string> examples;  // three at most
};

struct CheckResult {
  CheckReport report;
  std::vector<CheckLine> lines;
};

struct SplitStats {
  int64_t photos = 0;
  Keyed<int64_t> counts;  // of each class, as DataStats::classes
  // The accuracy of always answering with the class that is most frequent in train (in this split where there
  // is not a train): what a model must beat.
  double majority_baseline = 0;
};
inline void fields(const SplitStats& s, JsonWriter& visit) {
  visit("photos", s.photos), visit("counts", s.counts), visit("majority_baseline", s.majority_baseline);
}

// Of the readable photos.
struct SizeRange {
  int64_t min = 0, median = 0, max = 0;
};
inline void fields(const SizeRange& r, JsonWriter& visit) {
  visit("least", r.min), visit("median", r.median), visit("most", r.max);
}

struct DataStats {
  std::string layout;
  std::vector<std::string> classes;
  Keyed<SplitStats> splits;  // "train", "valid", "test": those with photos
  int64_t readable = 0, unreadable = 0;
  SizeRange width, height;  // pixels, upright
  // RGB, 0..255: mean over photos of each photo's mean; standard deviation of a pixel of a random photo.
  std::array<double, 3> mean{}, deviation{};
  std::array<std::array<double, 256>, 3> histogram{};  // fraction of each value, mean over photos; RGB
  std::vector<std::array<int64_t, 2>> sizes;           // width and height of each photo
  std::vector<std::string> notes;
};
// Histogram and sizes are for the picture.
inline void fields(const DataStats& s, JsonWriter& visit) {
  visit("layout", s.layout), visit("classes", s.classes), visit("splits", s.splits), visit("readable", s.readable),
      visit("unreadable", s.unreadable), visit("width", s.width), visit("height", s.height), visit("mean", s.mean),
      visit("std", s.deviation), visit("notes", s.notes);
}

struct SampleResult {
  int64_t drawn = 0;  // files written now
  int64_t kept = 0;   // files that were there from an earlier run with the same options
};

struct SplitResult {
  int64_t train = 0, valid = 0, test = 0;  // photos in each split, the ones that were there included
  int64_t placed = 0, there = 0;           // placed now; found in place from an earlier time
  int64_t undone = 0;                      // put back first: left of a move that was killed
};
inline void fields(const SplitResult& r, JsonWriter& visit) {
  visit("train", r.train), visit("valid", r.valid), visit("test", r.test), visit("placed", r.placed),
      visit("there", r.there), visit("undone", r.undone);
}

struct UnpackResult {
  Keyed<int64_t> counts;           // pictures of each class, in the order of the options, or of the labels
  int64_t written = 0, there = 0;  // files written now; found as they would be written
  int64_t passed_over = 0;         // pictures whose label is of no class
  int64_t labels_left = 0;         // labels without a picture: sheets that were not named
};
inline void fields(const UnpackResult& r, JsonWriter& visit) {
  visit("counts", r.counts), visit("written", r.written), visit("there", r.there), visit("passed_over", r.passed_over);
}

}  // namespace cvtool
