// Which photos there are, of which class, in which split.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/shared_reading.h"
#include "spec/data_config.h"

namespace cvtool {

// Classes are out of balance where the largest has more than so many times the photos of the smallest.
constexpr double kMaxImbalance = 3;

struct Sample {
  std::string path;   // relative to Dataset::root (absolute where a CSV says so), '/' between folders
  int64_t label = 0;  // index into Dataset::classes
  uint64_t id = 0;    // stable_hash(path): what random decisions about this photo are keyed by
};

struct Dataset {
  std::string root;  // the folder that paths are relative to; it may lie in an archive (archive/photo_place.h)
  // "folders" (DIR/train/CLASS/...), "flat" (DIR/CLASS/...), "photos", "csv" (any list), "labels" (key.jpg, key.cls) or
  // "shards" (several archives)
  std::string layout;
  bool names_splits = false;         // the folders or lines say which photos are for training, validation and testing
  std::vector<std::string> classes;  // code-point order, or as the config says
  std::vector<Sample> train, valid, test;  // each sorted by path
  std::vector<Sample> calibration;         // the same; held back where the config asks for it
  std::vector<std::string> notes;  // what the user should be told: classes missing from a split, folders passed over

  // "train", "valid", "test" or "calibration"; throws UsageError on another name.
  const std::vector<Sample>& split(const std::string& name) const;
  // The photos of all splits, sorted by path.
  std::vector<Sample> all() const;
};

// [classes]: how many samples have each label.
std::vector<int64_t> counts_by_label(const std::vector<Sample>& samples, size_t classes);

// Finds DIR/SPLIT/CLASS/**, DIR/CLASS/**, a list of photos, an archive, or shards (listing.h). What has no validation
// folder is split stratified, each file by a hash of its relative path and the seed, so that adding a file moves no
// other one; exact copies of a photo stay together, and so do the photos of a group (groups.h). With config.folds and
// config.fold the photos that are not for testing are dealt into folds (folds.h): valid is the fold of that number,
// train the others. Throws DataError when there is nothing to use. Of several processes (`shared`), which all call it
// at once, each looks into its share of the files for copies.
Dataset find_dataset(const std::string& path, const DataConfig& config, uint64_t seed,
                     const SharedReading& shared = {});

// The same where a set need not be one to train on: a folder of photos without classes (one class, named ""), or with
// one class. Nothing is held back then.
Dataset find_photos(const std::string& path, const DataConfig& config, uint64_t seed);

// Logs the notes as warnings, each on one line.
void log_notes(const Dataset& dataset);

// Every image below a folder, recursively, sorted by path; or the file itself. Names as given, joined with '/'.
// Throws DataError when the path does not exist or the folder holds no image.
std::vector<std::string> find_images(const std::string& path);

// Where the file of a sample lies: root/path, or the path itself where it is absolute.
std::string sample_path(const std::string& root, const std::string& path);

}  // namespace cvtool
