#include "train/pixel_source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <deque>

namespace cvtool {
namespace {

Examples examples_of(const AugmentedBatch& batch) { return {batch.pixels, batch.labels}; }

class PixelSource : public ExampleSource {
 public:
  PixelSource(const PhotoStore& store, PixelSourceOptions options)
      : store_(store),
        options_(std::move(options)),
        lookahead_(options_.training && options_.augmenter ? options_.augmenter->lookahead() : 0) {}

  int64_t size() const override { return static_cast<int64_t>(store_.samples().size()); }

  void begin(int64_t epoch, int64_t skip) override {
    epoch_ = static_cast<uint64_t>(epoch);
    std::vector<size_t> order = options_.order(epoch);
    first_ = {};
    ahead_.clear();
    if (lookahead_ > 0) {
      const auto count = std::min(order.size(), static_cast<size_t>(lookahead_));
      Loader loader(store_, {order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count)}, lookahead_);
      fetch(loader, first_);
    }
    const auto done = std::min(order.size(), static_cast<size_t>(skip * options_.batch));
    order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(done));
    loader_ = std::make_unique<Loader>(store_, std::move(order), options_.batch);
    fetch_ahead();
  }

  bool next(Examples& examples) override {
    if (ahead_.empty()) return false;
    const AugmentRows rows = std::move(ahead_.front());
    ahead_.pop_front();
    fetch_ahead();
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

  // One batch, or as many as hold the rows that the next one is mixed with.
  void fetch_ahead() {
    int64_t count = 0;
    for (const AugmentRows& rows : ahead_) count += rows.pixels.size(0);
    AugmentRows rows;
    while (count < std::max<int64_t>(1, lookahead_) && fetch(*loader_, rows)) {
      count += rows.pixels.size(0);
      ahead_.push_back(std::move(rows));
    }
  }

  // The lookahead_ rows behind `current`, which has been taken out of ahead_; behind the epoch's last come its first
  // ones.
  AugmentRows following(const AugmentRows& current) const {
    AugmentRows rows;
    std::vector<at::Tensor> pixels, labels;
    const auto take = [&](const AugmentRows& from) {
      const int64_t count = std::min(lookahead_ - static_cast<int64_t>(rows.ids.size()), from.pixels.size(0));
      pixels.push_back(from.pixels.narrow(0, 0, count));
      labels.push_back(from.labels.narrow(0, 0, count));
      rows.ids.insert(rows.ids.end(), from.ids.begin(), from.ids.begin() + count);
    };
    for (const AugmentRows& batch : ahead_) take(batch);
    const AugmentRows& first = first_.ids.empty() ? current : first_;  // empty: the files have vanished
    while (static_cast<int64_t>(rows.ids.size()) < lookahead_) take(first);
    rows.pixels = at::cat(pixels);
    rows.labels = at::cat(labels);
    return rows;
  }

  Examples prepared(const AugmentRows& rows) const {
    if (!options_.augmenter) return {rows.pixels, rows.labels};
    if (!options_.training) return {options_.augmenter->at_rest(rows.pixels), rows.labels};
    if (lookahead_ == 0) return examples_of(options_.augmenter->apply(rows, epoch_));
    const AugmentRows partners = following(rows);
    return examples_of(options_.augmenter->apply(rows, epoch_, &partners));
  }

  const PhotoStore& store_;
  PixelSourceOptions options_;
  int64_t lookahead_;
  uint64_t epoch_ = 0;
  std::unique_ptr<Loader> loader_;
  std::deque<AugmentRows> ahead_;  // the batches after the one handed out
  AugmentRows first_;              // the epoch's first rows
};

}  // namespace

std::unique_ptr<ExampleSource> pixel_source(const PhotoStore& store, PixelSourceOptions options) {
  return std::make_unique<PixelSource>(store, std::move(options));
}

}  // namespace cvtool
