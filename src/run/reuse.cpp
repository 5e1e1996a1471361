#include "run/reuse.h"

#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

namespace cvtool {
namespace {

// What pixels depend on, and not which photos there are.
std::string rules_of(DataConfig data) {
  const DataConfig plain;
  data.fold = plain.fold;
  data.classes.clear();
  Json rules;
  write_fields(data, rules);
  return rules.dump();
}

}  // namespace

void Reuse::open(const PhotoRequest& request, const DataConfig& data, Observer& observer) {
  const std::string rules = rules_of(data);
  if (opened_.store && rules == rules_) return;
  opened_ = {};
  opened_ = open_split({request.root, "photos", all_, 1, told_}, data, run_, observer);
  shelf_ = std::make_shared<FeatureShelf>(*opened_.store);
  rules_ = rules;
  told_ = true;
}

OpenedSplit Reuse::part(const PhotoRequest& request, const DataConfig& data, Observer& observer) {
  OpenedSplit split;
  split.name = request.name;
  if (request.samples.empty()) return split;
  open(request, data, observer);
  std::unordered_map<uint64_t, size_t> rows;
  for (const Sample& sample : opened_.store->samples()) rows.emplace(sample.id, rows.size());
  std::vector<size_t> own;
  std::unordered_set<std::string> unread;
  for (const Sample& sample : request.samples)
    if (const auto at = rows.find(sample.id); at != rows.end())
      own.push_back(at->second);
    else
      unread.insert(sample.path);
  for (const BadFile& bad : opened_.skipped)
    if (unread.count(bad.path)) split.skipped.push_back(bad);
  if (!own.empty()) split.store = opened_.store->subset(own);
  return split;
}

}  // namespace cvtool
