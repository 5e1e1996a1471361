// Features that several stores over parts of the same photos keep together: each photo's are computed once, whichever
// part asks first.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/loader.h"
#include "data/pixel_cache.h"

namespace cvtool {

class FeatureShelf {
 public:
  // Of the photos of a store, in its order.
  explicit FeatureShelf(const PhotoStore& all);

  // The rows of the shelf that a store's samples have; throws Error where one is none of the shelf's photos.
  std::vector<size_t> rows_of(const PhotoStore& part) const;

  // Features of one kind, `choice.key`, with photo.rows forms of photo.row_bytes each: form f of the shelf's row r lies
  // in row r * photo.rows + f. Null as open_cache's. Whoever asks for the same kind again gets the same cache.
  std::shared_ptr<PixelCache> cache(const CacheShape& photo, const CacheChoice& choice);

 private:
  std::unordered_map<uint64_t, size_t> rows_;  // by Sample::id
  std::string paths_;
  std::map<std::string, std::shared_ptr<PixelCache>> caches_;
};

}  // namespace cvtool
