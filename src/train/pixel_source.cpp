#include "train/pixel_source.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <optional>

#include "base/machine.h"
#include "torch/lanes.h"
#include "torch/transfer.h"

namespace cvtool {
namespace {

// A batch on its way: which rows, what was read of them, what a step is fed.
struct Prepared {
  std::vector<size_t> rows;
  size_t end = 0;  // where in the order the row behind the last one is
  AugmentRows read, following;
  Examples examples;
};

void append(AugmentRows& rows, const AugmentRows& more, int64_t max) {
  const int64_t count = std::min(max, more.pixels.size(0));
  const at::Tensor pixels = more.pixels.narrow(0, 0, count), labels = more.labels.narrow(0, 0, count);
  rows.pixels = rows.ids.empty() ? pixels : at::cat({rows.pixels, pixels});
  rows.labels = rows.ids.empty() ? labels : at::cat({rows.labels, labels});
  rows.ids.insert(rows.ids.end(), more.ids.begin(), more.ids.begin() + count);
}

class PixelSource : public ExampleSource {
 public:
  PixelSource(const PhotoStore& store, PixelSourceOptions options)
      : store_(store),
        options_(std::move(options)),
        lookahead_(options_.training && options_.augmenter ? options_.augmenter->lookahead() : 0),
        ahead_(options_.ahead && options_.device.is_cpu()),
        copies_(options_.device) {}

  int64_t size() const override { return static_cast<int64_t>(store_.samples().size()); }

  void share(ShareRule rule) override {
    const DataConfig& data = store_.options().data;
    at::Tensor x = at::zeros(batch_shape(1, data.imgsz, data), at::kByte).to(options_.device);
    if (options_.augmenter) x = options_.augmenter->eval_transform(x);
    if (options_.frozen) x = options_.frozen(x);
    share_ = [rule = std::move(rule), numbers = x.numel()](int64_t rows) { return rule(rows, rows * numbers); };
  }

  void deal(int64_t first, int64_t step) override {
    first_ = static_cast<size_t>(first);
    step_ = static_cast<size_t>(step);
  }

  void begin(int64_t epoch, int64_t skip) override {
    batches_.reset();  // its threads read what changes here
    epoch_ = static_cast<uint64_t>(epoch);
    order_ = options_.order(epoch);
    const auto rows = static_cast<size_t>(options_.batch);
    const size_t begin = std::min(order_.size(), (static_cast<size_t>(skip) + first_) * rows);
    PrefetchPlan<Prepared> plan;
    plan.source = [this, rows, place = begin](Prepared& batch) mutable {
      take_rows(batch, place);
      place = std::min(order_.size(), place + rows * step_);
      return !batch.rows.empty();
    };
    plan.work = [this](Prepared& batch) {
      const at::NoGradGuard no_grad;
      read(batch);
      if (!ahead_ || batch.read.ids.empty()) return;
      // Only where there is work for it: to make a thread known to OpenMP costs milliseconds.
      std::optional<Lane> alone;
      if (options_.augmenter || options_.frozen) alone.emplace();
      make_examples(batch);
    };
    const size_t workers = options_.frozen ? lane_count() : worker_count(store_.options().read.workers);
    plan.workers = std::min(workers, (order_.size() - begin + rows - 1) / rows);
    plan.window = std::min(plan.workers + 1, batches_that_fit());
    batches_ = std::make_unique<OrderedPrefetch<Prepared>>(std::move(plan));
  }

  bool next(Examples& examples) override {
    Prepared batch;
    while (batches_->next(batch)) {
      if (batch.read.ids.empty()) continue;
      if (!ahead_) make_examples(batch);
      examples = std::move(batch.examples);
      return true;
    }
    return false;
  }

 private:
  void take_rows(Prepared& batch, size_t place) const {
    batch.rows = slice(order_, place, static_cast<size_t>(options_.batch));
    batch.end = place + batch.rows.size();
    if (!share_ || batch.rows.empty()) return;
    const BatchShare share = share_(static_cast<int64_t>(batch.rows.size()));
    place += static_cast<size_t>(share.first);
    batch.rows = slice(order_, place, static_cast<size_t>(share.count));
    batch.end = place + batch.rows.size();
    batch.examples.share = share;
  }

  bool has_company() const { return share_ || step_ > 1; }

  // Into a quarter of the free memory, as floats.
  size_t batches_that_fit() const {
    const DataConfig& data = store_.options().data;
    const int64_t bytes = options_.batch * data.imgsz.height * data.imgsz.width * data.channels * 4;
    return static_cast<size_t>(std::max<int64_t>(2, free_memory_bytes() / 4 / bytes));
  }

  AugmentRows rows_of(const std::vector<size_t>& rows) const {
    const Batch batch = read_batch(store_, rows);
    if (has_company() && batch.rows.size() < rows.size()) throw vanished_error();
    AugmentRows out{pinned(batch.pixels, options_.device), pinned(batch.labels, options_.device), {}};
    for (const size_t row : batch.rows) out.ids.push_back(store_.samples()[row].id);
    return out;
  }

  void read(Prepared& batch) const {
    const Timed timed(options_.profile, Spent::kRead);
    batch.read = rows_of(batch.rows);
    if (batch.read.ids.empty() || lookahead_ == 0) return;
    // The rows that the last ones are mixed with; behind the epoch's last come its first ones.
    AugmentRows& following = batch.following;
    const auto missing = [&] { return lookahead_ - static_cast<int64_t>(following.ids.size()); };
    for (size_t place = batch.end; missing() > 0 && place < order_.size();) {
      const std::vector<size_t> rows = slice(order_, place, static_cast<size_t>(missing()));
      append(following, rows_of(rows), missing());
      place += rows.size();
    }
    if (missing() == 0) return;
    AugmentRows first = rows_of(slice(order_, 0, static_cast<size_t>(lookahead_)));
    if (first.ids.empty()) first = batch.read;  // the files have vanished
    while (missing() > 0) append(following, first, missing());
  }

  void make_examples(Prepared& batch) const {
    augment(batch);
    if (!options_.frozen) return;
    const Timed timed(options_.profile, Spent::kPrepare);
    batch.examples.x = options_.frozen(batch.examples.x).to(at::kFloat);
  }

  void augment(Prepared& batch) const {
    const Timed timed(options_.profile, Spent::kAugment);
    AugmentRows& rows = batch.read;
    AugmentRows& following = batch.following;
    std::vector<at::Tensor*> read{&rows.pixels, &rows.labels};
    if (lookahead_ > 0) read.insert(read.end(), {&following.pixels, &following.labels});
    copies_.send(read);
    if (!options_.augmenter || !options_.training) {
      batch.examples.x = options_.augmenter ? options_.augmenter->eval_transform(rows.pixels) : rows.pixels;
      batch.examples.labels = rows.labels;
      return;
    }
    const AugmentedBatch out = options_.augmenter->apply(rows, epoch_, lookahead_ > 0 ? &following : nullptr);
    batch.examples.x = out.pixels;
    batch.examples.labels = out.labels;
  }

  const PhotoStore& store_;
  PixelSourceOptions options_;
  int64_t lookahead_;
  const bool ahead_;
  const CopyStream copies_;
  std::function<BatchShare(int64_t rows)> share_;
  size_t first_ = 0, step_ = 1;  // of the batches
  uint64_t epoch_ = 0;
  std::vector<size_t> order_;
  std::unique_ptr<OrderedPrefetch<Prepared>> batches_;  // last: its threads read the rest
};

}  // namespace

std::unique_ptr<ExampleSource> pixel_source(const PhotoStore& store, PixelSourceOptions options) {
  return std::make_unique<PixelSource>(store, std::move(options));
}

}  // namespace cvtool
