#include "data/pixel_cache.h"

#include <sys/mman.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>

#include "base/machine.h"

namespace cvtool {
namespace {

class RamCache : public PixelCache {
 public:
  RamCache(uint8_t* memory, size_t rows, size_t row_bytes) : memory_(memory), row_bytes_(row_bytes), states_(rows) {}
  ~RamCache() override { ::munmap(memory_, states_.size() * row_bytes_); }

  // What the process itself put here since the scan cannot be of other content.
  bool read(size_t row, const ContentHash&, uint8_t* target) const override {
    if (row >= states_.size() || states_[row].load(std::memory_order_acquire) != kFilled) return false;
    std::memcpy(target, memory_ + row * row_bytes_, row_bytes_);
    return true;
  }

  void write(size_t row, const ContentHash&, const uint8_t* pixels) override {
    uint8_t empty = kEmpty;
    if (row >= states_.size() || !states_[row].compare_exchange_strong(empty, kBeingFilled)) return;
    std::memcpy(memory_ + row * row_bytes_, pixels, row_bytes_);
    states_[row].store(kFilled, std::memory_order_release);
  }

 private:
  enum : uint8_t { kEmpty, kBeingFilled, kFilled };
  uint8_t* memory_;
  size_t row_bytes_;
  std::vector<std::atomic<uint8_t>> states_;
};

}  // namespace

ContentHash content_hash(const void* bytes, size_t size) {
  const XXH128_hash_t hash = XXH3_128bits(bytes, size);
  return {hash.low64, hash.high64};
}

std::string hex_text(const ContentHash& hash) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(hash.high),
                static_cast<unsigned long long>(hash.low));
  return text;
}

std::unique_ptr<PixelCache> open_cache(const CacheShape& shape, const CacheChoice& choice) {
  if (choice.mode == "none" || shape.rows == 0) return nullptr;
  const int64_t budget = choice.budget_bytes > 0 ? choice.budget_bytes : free_memory_bytes() / 2;
  const bool fits = static_cast<int64_t>(shape.rows * shape.row_bytes) <= budget;
  if (choice.mode == "ram" || (choice.mode == "auto" && fits)) return ram_cache(shape, budget);
  auto cache = disk_cache(shape, {choice.kind, hex_text(content_hash(choice.key()))});
  return cache || choice.mode == "disk" ? std::move(cache) : ram_cache(shape, budget);
}

std::unique_ptr<PixelCache> ram_cache(const CacheShape& shape, int64_t budget_bytes) {
  const size_t affordable = static_cast<size_t>(std::max<int64_t>(0, budget_bytes)) / shape.row_bytes;
  const size_t rows = std::min(shape.rows, affordable);
  if (rows == 0) return nullptr;
  // mmap: the heap is told to keep what it is given back, so a cache on it would never be returned. Pages are
  // taken as rows are written.
  void* memory = ::mmap(nullptr, rows * shape.row_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  return std::make_unique<RamCache>(static_cast<uint8_t*>(memory), rows, shape.row_bytes);
}

}  // namespace cvtool
