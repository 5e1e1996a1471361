// What held-out splits can say: how precisely they measure, and whether they are like the training photos.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/data_origin.h"
#include "datatools/photo_facts.h"
#include "metrics/two_sample.h"
#include "spec/data_results.h"

namespace cvtool {

// Of valid and test, where they have photos; nothing where there are no two classes.
std::vector<SplitSupport> split_support(const Dataset& dataset);

// A sentence for each class that is not measurable, which ends with what to do.
std::vector<std::string> too_few_to_measure(const std::vector<SplitSupport>& support, const DataOrigin& origin);

// The fewest photos of a class that is measurable.
int64_t fewest_measurable();

// One row for each of the samples, which are readable, in their order.
using FeaturesOf = std::function<FeatureRows(const std::vector<Sample>&)>;

struct CompareOptions {
  uint64_t seed = 42;
  int64_t workers = 0;    // 0: one per core
  FeaturesOf features{};  // empty: the looks
};

// The training photos against each held-out split, of at most 300 photos of either, drawn by the seed.
class SplitComparison {
 public:
  // Keeps a reference to the dataset. Draws nothing where nothing is held out.
  SplitComparison(const Dataset& dataset, uint64_t seed);

  // Whether the photo is drawn: `index` counts those of train, valid and test, one behind the other.
  bool looks_at(size_t index) const { return drawn_[index] != 0; }

  // `facts`: of the photos of train, valid and test, one behind the other; with structure where looks_at says so.
  // Photos that cannot be read, and copies of others, are left out; so is a split that then has too few.
  std::vector<SplitDifference> differences(const std::vector<PhotoFacts>& facts, const CompareOptions& options) const;

 private:
  struct Drawn;
  Drawn readable(const std::string& split, const std::vector<PhotoFacts>& facts) const;

  const Dataset& dataset_;
  std::vector<char> drawn_;  // of each photo
};

}  // namespace cvtool
