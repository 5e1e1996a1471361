#include "evaluate/known_photos.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/document.h"
#include "base/error.h"
#include "base/output.h"
#include "base/random.h"
#include "base/text.h"
#include "data/copies.h"
#include "evaluate/number_text.h"
#include "metrics/conformal.h"

namespace cvtool {
namespace {

constexpr size_t kMostFitted = 1000, kLeastOfClass = 10, kMostHeld = 2000, kMarks = 64;
constexpr const char* kLac = "lac";

struct StoredCoverage {
  std::string method, probabilities;
  std::vector<std::string> marks;
  int64_t photos = 0;
};
void fields(StoredCoverage& c, DocumentReader& visit) {
  visit("method", c.method, kRequired), visit("photos", c.photos, kRequired), visit("marks", c.marks, kRequired);
  visit("probabilities", c.probabilities, kRequired);
}

// By a hash of the photos' names, at most `most` of the rows, in their order.
std::vector<size_t> drawn(const std::vector<Sample>& samples, std::vector<size_t> rows, size_t most) {
  if (rows.size() <= most) return rows;
  const auto key = [&](size_t row) {
    return std::pair(Random(0, "known photos", 0, samples[row].id).bits64(), samples[row].path);
  };
  std::sort(rows.begin(), rows.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
  rows.resize(most);
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Of false alarms, with so many distances; rounded up to what people write.
double least_rate(int64_t photos) {
  constexpr double kDigits = 1e4, kRounding = 1e-6;
  return std::ceil(kDigits / static_cast<double>(photos) - kRounding) / kDigits;
}

std::string fit_words(const char* flag, const std::string& path) {
  return "cvtool eval --data DIR --model " + shell_word(path) + " " + flag;
}

}  // namespace

std::vector<size_t> rows_to_fit(const PhotoStore& train) {
  std::map<int64_t, std::vector<size_t>> classes;
  for (size_t row = 0; row < train.samples().size(); ++row) classes[train.samples()[row].label].push_back(row);
  const size_t each = std::max(kLeastOfClass, kMostFitted / std::max<size_t>(1, classes.size()));
  std::vector<size_t> rows;
  for (const auto& [label, own] : classes) {
    const std::vector<size_t> some = drawn(train.samples(), own, each);
    rows.insert(rows.end(), some.begin(), some.end());
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<size_t> fresh_rows(const PhotoStore& store, const std::vector<Sample>& others) {
  std::vector<Sample> all = store.samples();
  const size_t own = all.size();
  all.insert(all.end(), others.begin(), others.end());
  const std::vector<size_t> first = first_copies(store.root(), all);
  std::set<size_t> taken(first.begin() + static_cast<std::ptrdiff_t>(own), first.end());
  std::vector<size_t> rows;
  for (size_t row = 0; row < own; ++row)
    if (taken.insert(first[row]).second) rows.push_back(row);
  return drawn(store.samples(), std::move(rows), kMostHeld);
}

std::string fit_unknown(const PhotoLooks& learned, const at::Tensor& held, const std::string& split, Json& info) {
  constexpr int64_t kLeast = 3;
  info.erase(kUnknownKey);
  if (!learned.labels.empty() && !learned.features.defined())
    return "the net does not end in a dense layer, whose features could be compared";
  if (learned.count() < kLeast) return "there are too few training photos";
  if (!held.defined()) return "there are no " + split + " photos (copies of training photos do not count)";
  if (!learned.features.isfinite().all().item<bool>() || !held.isfinite().all().item<bool>())
    return "its features are no finite numbers";
  try {
    KnownFeatures known =
        fit_known_features(learned.features, learned.labels, static_cast<int64_t>(info.at("classes").size()));
    known.split = split;
    known.distances = distances_of(known, held);
    std::sort(known.distances.begin(), known.distances.end());
    info[kUnknownKey] = known_features_json(known);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

void fit_coverage(const PhotoLooks& held, const PhotoStore& photos, Json& info) {
  std::vector<double> right = held.right;
  std::sort(right.begin(), right.end());
  std::vector<std::string> marks;
  for (const size_t row : drawn(photos.samples(), in_order(photos.samples().size()), kMarks))
    marks.push_back(hex_text(photos.content(row)));
  info[kCoverageKey] = {{"method", kLac},
                        {"photos", right.size()},
                        {"marks", marks},
                        {"probabilities", text_of_numbers(at::tensor(right, at::kDouble))}};
}

bool holds_marked(const PhotoStore& photos, const std::vector<std::string>& marks) {
  const std::set<std::string> known(marks.begin(), marks.end());
  for (size_t row = 0; row < photos.samples().size(); ++row)
    if (known.count(hex_text(photos.content(row))) > 0) return true;
  return false;
}

std::vector<std::string> marks_of_training(const Json& info) {
  std::vector<std::string> marks;
  const Json stored = info.value("data", Json::object()).value("marks", Json::object());
  for (const Json& mark : stored)
    if (mark.is_string()) marks.push_back(mark.get<std::string>());
  return marks;
}

std::optional<KnownFeatures> stored_known_features(const Json& info, const std::string& path) {
  if (!info.contains(kUnknownKey)) return {};
  return known_features_of(info, path);
}

std::optional<Coverage> stored_coverage(const Json& info, const std::string& path) {
  if (!info.contains(kCoverageKey)) return {};
  const std::string place = path + ": cvtool.json: coverage", again = "fit it again with cvtool eval --fit-coverage";
  const auto stored = read_document<StoredCoverage>(info.at(kCoverageKey), place, again);
  if (stored.method != kLac)
    throw Error(place + ": the method '" + stored.method + "' is not known to this cvtool; " + again);
  const at::Tensor right = numbers_of_text(stored.probabilities, at::kDouble, {-1}, place + ": " + again);
  Coverage out{{right.data_ptr<double>(), right.data_ptr<double>() + right.numel()}, stored.marks};
  if (out.right.empty() || !std::is_sorted(out.right.begin(), out.right.end()))
    throw Error(place + ": its numbers are damaged; " + again);
  return out;
}

KnownFeatures known_features_for(const Json& info, const std::string& path, double false_alarms) {
  auto known = stored_known_features(info, path);
  if (!known)
    throw UsageError("--unknown: " + path + " does not hold what its training photos are like; fit that with " +
                     fit_words("--fit-unknown", path));
  const auto photos = static_cast<int64_t>(known->distances.size()), needed = photos_for_coverage(1 - false_alarms);
  if (photos < needed)
    throw UsageError("--unknown " + number_text(false_alarms) + ": so few false alarms take the distances of " +
                     with_thousands(needed) + " photos that trained nothing, and the model holds " +
                     with_thousands(photos) + "; ask for " + number_text(least_rate(photos)) +
                     " or more, or train with more photos under --calibration");
  return *std::move(known);
}

Coverage coverage_for(const Json& info, const std::string& path, double coverage) {
  auto stored = stored_coverage(info, path);
  if (!stored)
    throw UsageError(
        "--coverage: " + path +
        " was not calibrated for it; train with --calibration 0.1, or calibrate it with photos that it was "
        "not trained on: " +
        fit_words("--fit-coverage", path));
  const auto photos = static_cast<int64_t>(stored->right.size()), needed = photos_for_coverage(coverage);
  if (photos < needed)
    throw UsageError("--coverage " + number_text(coverage) + ": takes at least " + with_thousands(needed) +
                     " calibration photos, and the model was calibrated with " + with_thousands(photos) +
                     "; ask for less, or calibrate it with more: " + fit_words("--fit-coverage", path));
  return *std::move(stored);
}

}  // namespace cvtool
