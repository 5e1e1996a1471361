#include "train/feature_shelf.h"

#include "base/error.h"

namespace cvtool {

FeatureShelf::FeatureShelf(const PhotoStore& all) {
  for (const Sample& sample : all.samples()) {
    rows_.emplace(sample.id, rows_.size());
    paths_ += '\n' + sample.path;
  }
}

std::vector<size_t> FeatureShelf::rows_of(const PhotoStore& part) const {
  std::vector<size_t> rows;
  for (const Sample& sample : part.samples()) {
    const auto at = rows_.find(sample.id);
    if (at == rows_.end()) throw Error("FeatureShelf: " + sample.path + " is none of its photos");
    rows.push_back(at->second);
  }
  return rows;
}

std::shared_ptr<PixelCache> FeatureShelf::cache(const CacheShape& photo, const CacheChoice& choice) {
  const std::string key = choice.key() + paths_;
  const auto [at, added] = caches_.emplace(key, nullptr);
  if (added)
    at->second = open_cache({rows_.size() * photo.rows, photo.row_bytes},
                            {choice.mode, choice.budget_bytes, choice.kind, [key] { return key; }});
  return at->second;
}

}  // namespace cvtool
