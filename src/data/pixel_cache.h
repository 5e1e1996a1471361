// Where resized photos, or what a frozen net makes of them, wait between epochs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cvtool {

// XXH3-128 of a file's bytes.
struct ContentHash {
  uint64_t low = 0, high = 0;
};
inline bool operator==(const ContentHash& a, const ContentHash& b) { return a.low == b.low && a.high == b.high; }
inline bool operator<(const ContentHash& a, const ContentHash& b) {
  return a.high != b.high ? a.high < b.high : a.low < b.low;
}
inline bool operator!=(const ContentHash& a, const ContentHash& b) { return !(a == b); }

ContentHash content_hash(const void* bytes, size_t size);
inline ContentHash content_hash(const std::string& bytes) { return content_hash(bytes.data(), bytes.size()); }
std::string hex_text(const ContentHash& hash);

// Rows of a fixed number of bytes, each with the content that it was made from. They may be written and read by
// different threads at once.
class PixelCache {
 public:
  virtual ~PixelCache() = default;
  // Copies row `row` to `target`; false when it is not there, was made from other content, or is damaged.
  virtual bool read(size_t row, const ContentHash& content, uint8_t* target) const = 0;
  // Keeps a copy of the row; a cache that is full or cannot write drops it.
  virtual void write(size_t row, const ContentHash& content, const uint8_t* pixels) = 0;
};

struct CacheShape {
  size_t rows = 0;
  size_t row_bytes = 0;
};

// In anonymous memory; keeps the rows that fit into `budget_bytes`. Null when the memory cannot be had.
std::unique_ptr<PixelCache> ram_cache(const CacheShape& shape, int64_t budget_bytes);

// Which file of the caches on disk (base/cache_files.h).
struct CacheName {
  std::string kind;  // pixels or features
  std::string key;   // name of the file
};

// In a file below cache_folder(), which a later run finds again and which is marked as in use. Null, with a warning,
// when the file cannot be made (full disk, read-only home, no room below the caches' limit). Throws UsageError where
// the limit is not a number.
std::unique_ptr<PixelCache> disk_cache(const CacheShape& shape, const CacheName& name);

struct CacheChoice {
  std::string mode = "auto";  // none, ram, disk, or auto: memory where all rows fit into the budget, else disk
  int64_t budget_bytes = 0;   // 0: half of the memory that is free
  std::string kind;           // see CacheName
  // Everything that the rows depend on beside their content; asked for where a file is used.
  std::function<std::string()> key;
};

// Null where the mode is none, there are no rows, or neither memory nor disk can be had.
std::unique_ptr<PixelCache> open_cache(const CacheShape& shape, const CacheChoice& choice);

}  // namespace cvtool
