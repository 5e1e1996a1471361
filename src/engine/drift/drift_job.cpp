#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "data/copies.h"
#include "datatools/check.h"
#include "datatools/looks.h"
#include "engine/data/looked.h"
#include "engine/drift/net_features.h"
#include "engine/jobs.h"

namespace cvtool {
namespace {

struct SetOfPhotos {
  ComparedSet told;
  DataConfig config;
  Dataset dataset;
  std::vector<Sample> own;        // but copies
  PhotosOfSet photos;             // drawn, and readable
  std::vector<PhotoFacts> facts;  // of these
};

SetOfPhotos find_set(const std::string& data, const ColumnNames& columns) {
  SetOfPhotos set;
  static_cast<ColumnNames&>(set.config) = columns;
  set.config = in_one_piece(set.config);
  set.dataset = find_photos(data, set.config, 0);
  log_notes(set.dataset);
  set.told.data = data;
  return set;
}

// A copy would be on both sides of what is learnt and asked: within a set it would give itself away, in both it would
// hide how the rest differs. So of copies the first set's first counts.
void leave_out_copies(SetOfPhotos& before, SetOfPhotos& after) {
  std::vector<Sample> all;
  for (SetOfPhotos* set : {&before, &after}) {
    set->own = set->dataset.all();
    set->told.photos = static_cast<int64_t>(set->own.size());
    for (Sample sample : set->own) {
      sample.path = sample_path(set->dataset.root, sample.path);
      all.push_back(std::move(sample));
    }
  }
  const std::vector<size_t> first = first_copies("", all);
  std::set<size_t> in_first, met;
  size_t at = 0;
  for (SetOfPhotos* set : {&before, &after}) {
    std::vector<Sample> own;
    for (Sample& sample : set->own) {
      const size_t content = first[at++];
      if (in_first.count(content) != 0)
        ++set->told.shared;
      else if (!met.insert(content).second)
        ++set->told.repeated;
      else
        own.push_back(std::move(sample));
    }
    set->own = std::move(own);
    in_first = met;
  }
}

std::string too_few_text(const ComparedSet& told) {
  const int64_t copies = told.repeated + told.shared;
  return told.data + ": holds " + counted(told.compared, "photo") + " that can be read" +
         (copies > 0 ? " and " + std::string(told.compared == 1 ? "is" : "are") + " no copy of another" : "") +
         (told.shared > 0 ? " or of one of the first set" : "") + "; to compare two sets each needs " +
         std::to_string(kFewestToCompare) + ", and some hundreds to see a slight drift; add photos";
}

void look_at_set(SetOfPhotos& set, const DriftOptions& options, Observer& observer) {
  const std::vector<size_t> drawn = drawn_by_hash(set.own, options.photos, static_cast<uint64_t>(options.seed));
  std::vector<std::string> paths;
  for (const size_t i : drawn) paths.push_back(sample_path(set.dataset.root, set.own[i].path));
  const std::vector<PhotoFacts> facts = examine(paths, {decode_options(set.config, options), options.workers,
                                                        progress_of("Looking", observer), [](size_t) { return true; }});
  set.photos = {set.dataset.root, set.told.data, {}};
  for (size_t i = 0; i < facts.size(); ++i) {
    if (facts[i].unreadable.empty()) {
      set.photos.samples.push_back(set.own[drawn[i]]);
      set.facts.push_back(facts[i]);
    } else {
      spdlog::warn("skipped {}: {}", printable(paths[i]), facts[i].unreadable);
    }
  }
  set.told.compared = static_cast<int64_t>(set.facts.size());
  set.told.unreadable = static_cast<int64_t>(drawn.size()) - set.told.compared;
  if (set.told.compared < kFewestToCompare) throw DataError(too_few_text(set.told));
}

// Of each photo of both sets, one behind the other, the first one that it looks like: itself where there is none.
std::vector<size_t> first_alike(const std::vector<PhotoFacts>& before, const std::vector<PhotoFacts>& after) {
  std::vector<PhotoFacts> all = before;
  all.insert(all.end(), after.begin(), after.end());
  std::vector<size_t> first(all.size());
  std::iota(first.begin(), first.end(), size_t{0});
  for (const Groups& groups : {exact_duplicates(all), near_duplicates(all)})
    for (const std::vector<size_t>& group : groups)
      for (const size_t i : group) first[i] = group[0];
  return first;
}

bool has_classes(const SetOfPhotos& set) { return set.dataset.layout != "photos"; }

std::optional<MovedShares> moved_shares(const SetOfPhotos& before, const SetOfPhotos& after, uint64_t seed) {
  if (!has_classes(before) || !has_classes(after)) return std::nullopt;
  std::map<std::string, ClassCount> by_name;
  const auto count = [&](const SetOfPhotos& set, int64_t ClassCount::*member) {
    const auto counts = counts_by_label(set.own, set.dataset.classes.size());
    for (size_t k = 0; k < counts.size(); ++k) by_name[set.dataset.classes[k]].*member = counts[k];
  };
  count(before, &ClassCount::before);
  count(after, &ClassCount::after);
  MovedShares shares;
  std::vector<int64_t> first, second;
  for (auto& [name, counts] : by_name) {
    counts.name = name;
    shares.classes.push_back(counts);
    first.push_back(counts.before);
    second.push_back(counts.after);
  }
  const SharesTest test = compare_shares(first, second, seed);
  shares.distance = test.distance;
  shares.chi_square = test.statistic;
  shares.p_value = test.p_value;
  return shares;
}

// The photos of a set with the highest of `scores`, and how each differs from the other set.
std::vector<DriftedPhoto> least_like(const SetOfPhotos& other, const SetOfPhotos& set,
                                     const std::vector<double>& unlikeness, int64_t top) {
  std::vector<size_t> order(set.facts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return unlikeness[a] > unlikeness[b]; });
  order.resize(std::min(order.size(), static_cast<size_t>(top)));
  const std::vector<std::string> looks = oddest_looks(other.facts, set.facts);
  std::vector<DriftedPhoto> photos;
  for (const size_t i : order) photos.push_back({set.photos.samples[i].path, unlikeness[i], looks[i]});
  return photos;
}

void rank_photos(const SetOfPhotos& before, const SetOfPhotos& after, const TwoSampleTest& test, int64_t top,
                 DriftResult& result) {
  const auto middle = test.scores.begin() + static_cast<std::ptrdiff_t>(before.facts.size());
  result.new_in_after = least_like(before, after, {middle, test.scores.end()}, top);
  std::vector<double> first(test.scores.begin(), middle);
  for (double& score : first) score = -score;
  result.gone_in_after = least_like(after, before, first, top);
  for (DriftedPhoto& photo : result.gone_in_after) photo.score = -photo.score;
}

}  // namespace

DriftResult drift_job(const DriftRequest& request, Observer& observer) {
  // First: where the net is not there, no photo is read.
  const std::unique_ptr<const NetFeatures> net = NetFeatures::open(request.by);
  SetOfPhotos before = find_set(request.before, request.columns), after = find_set(request.after, request.columns);
  leave_out_copies(before, after);
  DriftResult result;
  result.features = net ? net->name() : "looks";
  result.max = request.max;
  if (after.own.empty()) {
    result.before = before.told;
    result.after = after.told;
    result.verdict = "no drift: every photo of b is one of a";
    return result;
  }
  look_at_set(before, request.options, observer);
  look_at_set(after, request.options, observer);
  const auto rows = [&](const SetOfPhotos& set) {
    return net ? net->of(set.photos, request.options, observer) : look_rows(set.facts);
  };
  TwoSampleOptions options;
  options.seed = static_cast<uint64_t>(request.options.seed);
  options.workers = request.options.workers;
  options.progress = progress_of("Comparing", observer);
  options.beside = first_alike(before.facts, after.facts);
  const TwoSampleTest test = tell_apart(rows(before), rows(after), options);

  result.before = before.told;
  result.after = after.told;
  const size_t from = before.facts.size();
  result.alike = std::count_if(options.beside.begin() + static_cast<std::ptrdiff_t>(from), options.beside.end(),
                               [from](size_t first) { return first < from; });
  result.auc = test.auc;
  result.p_value = test.p_value;
  result.chance = test.chance;
  result.verdict = drift_verdict(test);
  result.looks = moved_looks(before.facts, after.facts);
  rank_photos(before, after, test, request.options.top, result);
  result.classes = moved_shares(before, after, options.seed);
  return result;
}

}  // namespace cvtool
