#include "train/pixel_source.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace cvtool {
namespace {

// The first `count` rows of a, then of b.
AugmentRows first_rows(const AugmentRows& a, const AugmentRows& b, int64_t count) {
  const int64_t own = std::min(count, a.pixels.defined() ? a.pixels.size(0) : 0);
  if (own == count) return {a.pixels.narrow(0, 0, count), a.labels.narrow(0, 0, count), {a.ids.begin(), a.ids.begin() + count}};
  const int64_t more = std::min(count - own, b.pixels.size(0));
  AugmentRows rows = {b.pixels.narrow(0, 0, more), b.labels.narrow(0, 0, more), {b.ids.begin(), b.ids.begin() + more}};
  if (own == 0) return rows;
  rows.pixels = at::cat({a.pixels.narrow(0, 0, own), rows.pixels});
  rows.labels = at::cat({a.labels.narrow(0, 0, own), rows.labels});
  rows.ids.insert(rows.ids.begin(), a.ids.begin(), a.ids.begin() + own);
  return rows;
}

class PixelSource : public ExampleSource {
 public:
  PixelSource(const PhotoStore& store, PixelSourceOptions options)
      : store_(store), options_(std::move(options)), lookahead_(options_.training && options_.augmenter ? options_.augmenter->lookahead() : 0) {}

  int64_t size() const override { return static_cast<int64_t>(store_.samples().size()); }

  void begin(int64_t epoch, int64_t skip) override {
    epoch_ = static_cast<uint64_t>(epoch);
    std::vector<size_t> order = options_.order(epoch);
    first_ = {};
    if (lookahead_ > 0) {
      const auto count = std::min(order.size(), static_cast<size_t>(lookahead_));
      Loader loader(store_, {order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count)}, lookahead_);
      fetch(loader, first_);
    }
    const auto done = std::min(order.size(), static_cast<size_t>(skip * options_.batch));
    order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(done));
    loader_ = std::make_unique<Loader>(store_, std::move(order), options_.batch);
    has_next_ = fetch(*loader_, next_);
  }

  bool next(Examples& examples) override {
    if (!has_next_) return false;
    const AugmentRows rows = std::move(next_);
    next_ = {};
    has_next_ = fetch(*loader_, next_);
    examples = prepared(rows);
    return true;
  }

 private:
  bool fetch(Loader& loader, AugmentRows& rows) const {
    Batch batch;
    if (!loader.next(batch)) return false;
    rows = {batch.pixels.to(options_.device), batch.labels.to(options_.device), {}};
    for (const size_t row : batch.rows) rows.ids.push_back(store_.samples()[row].id);
    return true;
  }

  Examples prepared(const AugmentRows& rows) const {
    if (!options_.augmenter) return {rows.pixels, rows.labels};
    if (!options_.training) return {options_.augmenter->at_rest(rows.pixels), rows.labels};
    AugmentRows following;
    if (lookahead_ > 0) following = first_rows(next_, first_, lookahead_);
    AugmentedBatch augmented = options_.augmenter->apply(rows, epoch_, lookahead_ > 0 ? &following : nullptr);
    return {augmented.pixels, augmented.labels};
  }

  const PhotoStore& store_;
  PixelSourceOptions options_;
  int64_t lookahead_;
  uint64_t epoch_ = 0;
  std::unique_ptr<Loader> loader_;
  AugmentRows next_, first_;  // the batch after the one handed out; the epoch's first rows
  bool has_next_ = false;
};

}  // namespace

std::unique_ptr<ExampleSource> pixel_source(const PhotoStore& store, PixelSourceOptions options) {
  return std::make_unique<PixelSource>(store, std::move(options));
}

}  // namespace cvtool
