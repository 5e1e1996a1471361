#include "data/photos.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/output.h"
#include "base/random.h"
#include "base/text.h"
#include "base/utf8.h"

namespace cvtool {
namespace {

constexpr size_t kFingerprints = 32;
constexpr size_t kNamedBadFiles = 20;

void report_bad_files(const OpenedSplit& split, size_t total, bool strict) {
  for (size_t i = 0; i < std::min(split.skipped.size(), kNamedBadFiles); ++i)
    spdlog::warn("skipped {}: {}", printable(split.skipped[i].path), split.skipped[i].reason);
  if (split.skipped.size() > kNamedBadFiles) spdlog::warn("... and {} more", split.skipped.size() - kNamedBadFiles);
  if (split.skipped.empty()) return;
  const std::string bad = counted(static_cast<int64_t>(split.skipped.size()), "bad file") + " of " +
                          with_thousands(static_cast<int64_t>(total)) + " in " + split.name;
  if (strict)
    throw DataError(bad + " (--strict); mend or remove them: the first is " + printable(split.skipped[0].path) + ": " +
                    split.skipped[0].reason);
  if (split.skipped.size() * 2 > total)
    throw DataError(bad + ", more than half; is this a folder of photos? The first is " +
                    printable(split.skipped[0].path) + ": " + split.skipped[0].reason);
  spdlog::warn("{} skipped", bad);
}

}  // namespace

OpenedSplit open_split(const PhotoRequest& request, const DataConfig& data, const RunOptions& run, Observer& observer) {
  OpenedSplit split;
  split.name = request.name;
  if (request.samples.empty()) return split;
  LoaderOptions options;
  options.data = data;
  options.read = run;
  options.cache = run.cache;
  options.shared = request.shared;
  options.cache_budget_bytes =
      static_cast<int64_t>(request.budget_fraction * 1e6 * static_cast<double>(run.cache_budget));
  split.store = std::make_unique<PhotoStore>(request.root, request.samples, options);
  split.skipped = split.store->scan([&](int64_t done, int64_t total) {
    observer.progress({"Reading " + request.name, done, total, std::nan(""), std::nan("")});
    if (observer.stop_requested())
      throw Error("interrupted while reading photos; nothing was written", ExitCode::kInterrupted);
  });
  if (request.told) return split;
  report_bad_files(split, request.samples.size(), run.strict);
  if (const auto& damaged = split.store->damaged(); !damaged.empty())
    spdlog::warn("{} in {} damaged and used as far as it can be decoded, such as {}: {}",
                 counted(static_cast<int64_t>(damaged.size()), "photo"), split.name, printable(damaged[0].path),
                 damaged[0].reason);
  return split;
}

Json split_json(const OpenedSplit& split, const std::vector<std::string>& classes) {
  Json labels = Json::object(), files = Json::array(), skipped = Json::array(), damaged = Json::array();
  std::vector<int64_t> counts(classes.size());
  if (split.store)
    for (const Sample& sample : split.store->samples()) {
      ++counts.at(static_cast<size_t>(sample.label));
      files.push_back(sample.path);
    }
  for (size_t i = 0; i < classes.size(); ++i) labels[classes[i]] = counts[i];
  for (const BadFile& bad : split.skipped) skipped.push_back({{"path", bad.path}, {"reason", bad.reason}});
  if (split.store)
    for (const BadFile& bad : split.store->damaged()) damaged.push_back({{"path", bad.path}, {"reason", bad.reason}});
  const auto count = static_cast<int64_t>(files.size());
  return {{"count", count}, {"labels", labels}, {"files", files}, {"skipped", skipped}, {"damaged", damaged}};
}

std::optional<ContentHash> file_content(const std::string& path) {
  try {
    return content_hash(read_photo_file(path));
  } catch (const Error&) {
    return std::nullopt;
  }
}

Json fingerprints_of(const std::string& root, const std::vector<Sample>& samples) {
  std::vector<const Sample*> chosen;
  for (const Sample& sample : samples) chosen.push_back(&sample);
  // A name that is not UTF-8 would not survive in the model's JSON.
  chosen.erase(std::remove_if(chosen.begin(), chosen.end(), [](const Sample* s) { return !is_utf8(s->path); }),
               chosen.end());
  const size_t count = std::min(kFingerprints, chosen.size());
  // By id: the choice is spread over the classes and does not change when a few files come or go.
  std::partial_sort(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(count), chosen.end(),
                    [](const Sample* a, const Sample* b) { return a->id < b->id; });
  Json fingerprints = Json::object();
  for (size_t i = 0; i < count; ++i)
    if (const auto content = file_content(sample_path(root, chosen[i]->path)))
      fingerprints[chosen[i]->path] = hex_text(*content);
  return fingerprints;
}

bool holds_fingerprinted_files(const std::string& root, const Json& fingerprints) {
  for (const auto& [path, mark] : fingerprints.items()) {
    try {
      // Cvtool 0.1 wrote the FNV-1a hash, as a number.
      const std::string bytes = read_photo_file(sample_path(root, path));
      if (mark.is_string() ? mark == hex_text(content_hash(bytes)) : mark == stable_hash(bytes)) return true;
    } catch (const Error&) {
      continue;
    }
  }
  return false;
}

}  // namespace cvtool
