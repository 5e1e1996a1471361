// Photos that are the same: to the pixel, or but for size and compression. Internal to data/.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "datatools/photo_facts.h"

namespace cvtool {

// Indices of photos that belong together, each group ascending, groups by their first index.
using Groups = std::vector<std::vector<size_t>>;

// Groups of two and more whose pixels are equal.
Groups exact_duplicates(const std::vector<PhotoFacts>& facts);

// Groups of two and more that look alike but are not all equal to the pixel: perceptual hashes at most
// kMostBits apart and thumbnails at most kMostDifference. Plain pictures are left out: they all look alike.
Groups near_duplicates(const std::vector<PhotoFacts>& facts);

// Looking for what is wrong with a set of photos before it is trained on.

// From where on a photo or a set is worth a word.
struct CheckLimits {
  int64_t tiny_px = 24;              // shorter side below it
  int64_t huge_pixels = 50'000'000;  // more
  double aspect = 4;                 // longer side / shorter side above it
  double blank_contrast = 2;         // standard deviation of grey (0..255) below it
  double dark = 20, bright = 240;    // mean of grey (0..255) below, above
};

struct PhotoFinding {
  std::string path;    // as Sample::path
  std::string reason;  // "truncated JPEG: ...", "12 x 9 pixels", ...
};

struct FoundPhoto {
  std::string path, split, class_name;
};

// Photos that are the same.
struct DuplicateGroup {
  std::vector<FoundPhoto> photos;  // two and more, by path
  bool across_splits = false;      // leakage: they lie in more than one split
  bool across_classes = false;     // they have more than one label
};

struct CheckReport {
  int64_t photos = 0;  // looked at
  std::vector<PhotoFinding> unreadable;
  std::vector<PhotoFinding> wrong_extension;    // content of another format than the name says
  std::vector<DuplicateGroup> duplicates;       // equal pixels
  std::vector<DuplicateGroup> near_duplicates;  // equal but for size and compression
  std::vector<PhotoFinding> tiny, huge, extreme_aspect, blank, dark, bright;
  std::vector<std::string> imbalance;  // sentences
  std::vector<std::string> notes;      // of the dataset

  // True when there is nothing to tell but notes.
  bool clean() const;
};

// Decodes every photo once, by several threads.
CheckReport check_dataset(const Dataset& dataset, const ExamineOptions& options, const CheckLimits& limits = {});

Json json_from_report(const CheckReport& report);

// One line of the table for people.
struct CheckLine {
  std::string what;  // "near duplicates across splits"
  int64_t count = 0;
  std::vector<std::string> examples;  // three at most
};
std::vector<CheckLine> check_lines(const CheckReport& report);

}  // namespace cvtool
