// The photos of a command, read and counted.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/observer.h"
#include "data/loader.h"
#include "data/pixel_cache.h"
#include "spec/requests.h"

namespace cvtool {

// A split whose every photo has been read once.
struct OpenedSplit {
  std::string name;
  std::unique_ptr<PhotoStore> store;  // null: the split is empty
  std::vector<BadFile> skipped;

  int64_t count() const { return store ? static_cast<int64_t>(store->samples().size()) : 0; }
};

struct PhotoRequest {
  std::string root, name;
  std::vector<Sample> samples;
  double budget_fraction = 1;  // of --cache-budget; the splits of a command share it
  bool told = false;           // of the bad ones: they have been named before
  SharedReading shared = {};   // with whom they are read
};

// Reads every photo, names the bad ones. Throws DataError when more than half are bad, when none is left, and under
// run.strict for any.
OpenedSplit open_split(const PhotoRequest& request, const DataConfig& data, const RunOptions& run, Observer& observer);

// {"count": N, "labels": {CLASS: N}, "files": [...], "skipped": [{"path":, "reason":}],
// "damaged": the same of photos that are used}
Json split_json(const OpenedSplit& split, const std::vector<std::string>& classes);

// A photo file's content; nothing where it cannot be read now.
std::optional<ContentHash> file_content(const std::string& path);

// A few of the photos with hashes of their files, to know the same data again.
Json fingerprints_of(const std::string& root, const std::vector<Sample>& samples);
// True when any of the marked files stands, unchanged, in the data at `root`. Understands the marks of older models.
bool holds_fingerprinted_files(const std::string& root, const Json& fingerprints);

}  // namespace cvtool
