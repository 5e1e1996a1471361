#include "data/leakage.h"

#include <map>

#include "base/output.h"
#include "base/text.h"
#include "data/copies.h"

namespace cvtool {
namespace {

// The content, or the path where it cannot be read: such a file equals no other.
ContentHash content_of(const std::string& path) {
  return file_content(path).value_or(content_hash("unreadable " + path));
}

}  // namespace

Duplicates duplicates_in_training(const OpenedSplit& train, const OpenedSplit& held_out) {
  Duplicates duplicates;
  if (!train.store || !held_out.store) return duplicates;
  for (const auto& [mine, other] : train.store->same_files(*held_out.store))
    duplicates.emplace_back(held_out.store->samples()[other].path, train.store->samples()[mine].path);
  return duplicates;
}

Duplicates duplicates_in_training(const Dataset& dataset, const std::vector<Sample>& held_out) {
  std::map<int64_t, std::vector<const Sample*>> by_length;
  for (const Sample& sample : dataset.train)
    by_length[length_of(sample_path(dataset.root, sample.path))].push_back(&sample);
  std::map<const Sample*, ContentHash> known;
  Duplicates duplicates;
  for (const Sample& sample : held_out) {
    const std::string path = sample_path(dataset.root, sample.path);
    const auto equally_long = by_length.find(length_of(path));
    if (equally_long == by_length.end()) continue;
    const ContentHash content = content_of(path);
    for (const Sample* other : equally_long->second) {
      const auto [at, added] = known.emplace(other, ContentHash());
      if (added) at->second = content_of(sample_path(dataset.root, other->path));
      if (at->second != content) continue;
      duplicates.emplace_back(sample.path, other->path);
      break;
    }
  }
  return duplicates;
}

std::string leakage_text(const Duplicates& duplicates, const std::string& split) {
  if (duplicates.empty()) return "";
  const auto& [mine, other] = duplicates.front();
  return with_thousands(static_cast<int64_t>(duplicates.size())) + " of the " + split +
         " photos also stand in the training photos, such as " + printable(mine) + " = " + printable(other) +
         ": its metrics are too good; see cvtool data check";
}

}  // namespace cvtool
