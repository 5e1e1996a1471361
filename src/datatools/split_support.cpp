#include "datatools/split_support.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/text.h"
#include "datatools/looks.h"
#include "metrics/significance.h"
#include "metrics/two_sample.h"

namespace cvtool {
namespace {

constexpr double kRecognised = 0.9, kWidestInterval = 0.5;
constexpr int64_t kMostCompared = 300;
// Splits made by chance reach the first once in a hundred times; a difference below the second is of no consequence.
constexpr double kDiffersBelow = 0.01, kDiffersFrom = 0.6;

ClassSupport support_of(const std::string& name, int64_t photos) {
  ClassSupport support{name, photos};
  if (photos > 0) {
    const Interval interval = expected_interval(kRecognised, photos);
    support.interval = {interval.low, interval.high};
  }
  support.measurable = support.interval[1] - support.interval[0] <= kWidestInterval;
  return support;
}

std::string percent(double share) { return fixed(100 * share, 0); }

std::string range_text(const ClassSupport& one) {
  if (one.photos == 0) return "";
  return ", of which 90 % right could be " + percent(one.interval[0]) + " to " + percent(one.interval[1]) + " %";
}

// `fraction`: that was held out; 0: the data says which photos.
std::string remedy(const std::string& split, int64_t photos, double fraction) {
  const int64_t fewest = fewest_measurable();
  if (fraction <= 0) return "add " + std::to_string(fewest - photos);
  const auto source = static_cast<int64_t>(std::ceil(static_cast<double>(fewest) / fraction - 1e-9));
  return "have " + std::to_string(source) + " of it to hold out from, or a larger --" + split;
}

constexpr const char* kSplits[] = {"train", "valid", "test"};

std::string warning_of(const std::string& split, const TwoSampleTest& test, const std::string& look) {
  if (test.p_value > kDiffersBelow || test.auc < kDiffersFrom) return "";
  return split + " is unlike train (AUC " + fixed(test.auc, 2) + ", p " + fixed(test.p_value, 3) + ")" +
         (look.empty() ? "" : ", most in " + look) + "; if that is not meant, split anew with cvtool data split";
}

}  // namespace

int64_t fewest_measurable() {
  int64_t photos = 1;
  while (!support_of("", photos).measurable) ++photos;
  return photos;
}

std::vector<SplitSupport> split_support(const Dataset& dataset) {
  std::vector<SplitSupport> all;
  if (dataset.classes.size() < 2) return all;
  for (const char* name : {"valid", "test"}) {
    const std::vector<Sample>& samples = dataset.split(name);
    if (samples.empty()) continue;
    SplitSupport split{name, support_of("", static_cast<int64_t>(samples.size())), {}};
    const std::vector<int64_t> counts = counts_by_label(samples, dataset.classes.size());
    for (size_t k = 0; k < counts.size(); ++k) split.classes.push_back(support_of(dataset.classes[k], counts[k]));
    all.push_back(std::move(split));
  }
  return all;
}

std::vector<std::string> too_few_to_measure(const std::vector<SplitSupport>& support, const DataOrigin& origin) {
  std::vector<std::string> sentences;
  for (const SplitSupport& split : support) {
    const double fraction = split.split == "valid" ? origin.valid_fraction : origin.test_fraction;
    for (const ClassSupport& one : split.classes)
      if (!one.measurable)
        sentences.push_back(split.split + ": " + counted(one.photos, "photo") + " of '" + one.name + "'" +
                            range_text(one) + "; " + remedy(split.split, one.photos, fraction));
  }
  return sentences;
}

SplitComparison::SplitComparison(const Dataset& dataset, uint64_t seed) : dataset_(dataset) {
  const bool held_out = !dataset.valid.empty() || !dataset.test.empty();
  for (const char* split : kSplits) {
    const std::vector<Sample>& samples = dataset.split(split);
    const size_t from = drawn_.size();
    drawn_.resize(from + samples.size());
    if (!held_out) continue;
    for (const size_t i : drawn_by_hash(samples, kMostCompared, seed)) drawn_[from + i] = 1;
  }
}

struct SplitComparison::Drawn {
  std::vector<Sample> samples;
  std::vector<PhotoFacts> facts;
};

SplitComparison::Drawn SplitComparison::readable(const std::string& split, const std::vector<PhotoFacts>& facts) const {
  Drawn drawn;
  size_t at = 0;
  std::set<ContentHash> met;
  for (const char* name : kSplits)
    for (const Sample& sample : dataset_.split(name)) {
      const size_t i = at++;
      if (drawn_[i] == 0 || !facts[i].unreadable.empty()) continue;
      // Of copies the first counts, which is train's where there is one.
      const bool own = name == split;
      if (!own && name != std::string("train")) continue;
      if (!met.insert(facts[i].pixels).second || !own) continue;
      drawn.samples.push_back(sample);
      drawn.facts.push_back(facts[i]);
    }
  return drawn;
}

std::vector<SplitDifference> SplitComparison::differences(const std::vector<PhotoFacts>& facts,
                                                          const CompareOptions& options) const {
  TwoSampleOptions test_options;
  test_options.seed = options.seed;
  test_options.workers = options.workers;
  const auto rows = [&](const Drawn& drawn) {
    return options.features ? options.features(drawn.samples) : look_rows(drawn.facts);
  };
  const Drawn train = readable("train", facts);
  std::vector<SplitDifference> differences;
  if (static_cast<int64_t>(train.facts.size()) < kFewestToCompare) return differences;
  std::optional<FeatureRows> first;
  for (const char* name : {"valid", "test"}) {
    const Drawn held_out = readable(name, facts);
    if (static_cast<int64_t>(held_out.facts.size()) < kFewestToCompare) continue;
    if (!first) first = rows(train);
    const TwoSampleTest test = tell_apart(*first, rows(held_out), test_options);
    // Of a net's features no one look need have moved.
    const std::string look = options.features ? "" : moved_looks(train.facts, held_out.facts).front().look;
    differences.push_back({name, test.auc, test.p_value, warning_of(name, test, look)});
  }
  return differences;
}

}  // namespace cvtool
