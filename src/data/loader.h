// Photos in batches: decoded, resized and cached by worker threads.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/ordered_prefetch.h"
#include "data/dataset.h"
#include "data/image.h"
#include "data/pixel_cache.h"
#include "data/shared_reading.h"
#include "spec/requests.h"

namespace cvtool {

struct BadFile {
  std::string path;  // as Sample::path
  std::string reason;
};

struct LoaderOptions {
  DataConfig data;
  ReadOptions read;                // its workers decode
  std::string cache = "auto";      // auto, ram, disk or none
  int64_t cache_budget_bytes = 0;  // 0: half of the memory that is free, cgroup limits obeyed
  SharedReading shared;            // with whom the photos are read
};

// Called from the thread that called scan(), about ten times a second.
using ScanProgress = std::function<void(int64_t done, int64_t total)>;

// The photos of one split as pixels of the net's size. Thread-safe once scanned.
class PhotoStore {
 public:
  PhotoStore(std::string root, std::vector<Sample> samples, LoaderOptions options);
  ~PhotoStore();

  // Decodes every photo once, with all workers, filling the cache. Photos that cannot be read are taken out of
  // samples() and returned with the reason. `progress` may return early by throwing. Call it once, first. Of several
  // processes each reads its share, and all know the same of all photos then.
  std::vector<BadFile> scan(const ScanProgress& progress = {});

  // The photos samples()[row] of the rows as a store of their own, already scanned; the two share the pixels that are
  // kept, and either may outlive the other.
  std::unique_ptr<PhotoStore> subset(const std::vector<size_t>& rows) const;

  const std::string& root() const;
  const std::vector<Sample>& samples() const;
  // Indices into samples() of those that this process has read; all, where it is alone.
  std::vector<size_t> own_rows() const;
  // Those of them that are damaged, and used as far as they could be decoded.
  const std::vector<BadFile>& damaged() const;
  const LoaderOptions& options() const;

  // Copies the pixels of samples()[index], HWC, picture_bytes() of them (data/image_tensor.h), to `target`: from the
  // cache, else decoded again. False when the file has since vanished or changed; a warning is logged once per file.
  // Of several processes all must find the file that one of them has read: there it throws DataError.
  bool pixels(size_t index, uint8_t* target) const;

  // Names everything that pixels depend on beside the content of each file: folder, size and rules.
  std::string pixel_key() const;
  // Hash of the file that samples()[index] was read from.
  const ContentHash& content(size_t index) const;

  // Pairs (index here, index in `other`) of photos whose files are equal byte by byte: the cheap part of looking for
  // leakage between splits. Both stores must be scanned; photos of one store that are equal give one pair.
  std::vector<std::pair<size_t, size_t>> same_files(const PhotoStore& other) const;

  // Digest (hex) of the split: of every sample's path, label and file content, independent of order.
  std::string digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Batch {
  at::Tensor pixels;         // [N,C,H,W] u8 (of depth 16 f32), RGB or grey 0..255, channels_last, CPU
  at::Tensor labels;         // [N] i64
  std::vector<size_t> rows;  // index into PhotoStore::samples() of each row
};

// The photos `rows` of a store, read in the calling thread. Rows whose file has vanished are left out.
Batch read_batch(const PhotoStore& store, const std::vector<size_t>& rows);

// One pass over a store in a given order. Worker threads prepare the batches ahead; they come out in order and
// hold the same rows whatever the number of workers.
class Loader {
 public:
  // `order` holds indices into store.samples(); the last partial batch is kept.
  Loader(const PhotoStore& store, std::vector<size_t> order, int64_t batch);
  // The next batch, or false after the last one. Rethrows what a worker threw.
  bool next(Batch& batch);

 private:
  OrderedPrefetch<Batch> batches_;
};

// What there is of order[begin .. begin + count - 1].
std::vector<size_t> slice(const std::vector<size_t>& order, size_t begin, size_t count);

// 0 .. count-1.
std::vector<size_t> in_order(size_t count);

// A permutation that depends on (seed, epoch, sample ids) alone.
std::vector<size_t> shuffled(const std::vector<Sample>& samples, uint64_t seed, uint64_t epoch);

}  // namespace cvtool
