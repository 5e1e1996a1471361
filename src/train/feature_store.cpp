#include "train/feature_store.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "augment/variants.h"
#include "base/error.h"
#include "base/random.h"
#include "dist/ranks.h"
#include "torch/transfer.h"
#include "train/photo_pass.h"

namespace cvtool {
namespace {

constexpr const char* kInterruptedText = "interrupted while computing features";

// Memory order of features as kept: the channels last, as convolutions and Keras's flatten read them.
at::Tensor kept_order(const at::Tensor& features) {
  const at::Tensor f = features.to(at::kCPU, at::kFloat);
  return f.dim() == 4 ? f.contiguous(at::MemoryFormat::ChannelsLast) : f.contiguous();
}

std::vector<uint64_t> ids_of(const PhotoStore& store, const std::vector<size_t>& rows) {
  std::vector<uint64_t> ids;
  for (const size_t row : rows) ids.push_back(store.samples()[row].id);
  return ids;
}

// Everything that the features depend on, beside the content of each photo.
std::string kind_key(const PhotoStore& store, const FeatureOptions& options) {
  return "features 2\n" + options.key() + '\n' + store.pixel_key() + '\n' + options.variants.key;
}

// And which photos they are of.
std::string cache_key(const PhotoStore& store, const FeatureOptions& options) {
  std::string key = kind_key(store, options);
  for (const Sample& sample : store.samples()) key += '\n' + sample.path;
  return key;
}

}  // namespace

FeatureStore::FeatureStore(const PhotoStore& store, FeatureOptions options)
    : store_(store), options_(std::move(options)) {
  const DataConfig& data = store.options().data;
  const at::Tensor trial = features_of(at::zeros(batch_shape(1, data.imgsz, data), at::kByte), {0}, 0);
  shape_.assign(trial.sizes().begin() + 1, trial.sizes().end());
  row_bytes_ = static_cast<size_t>(trial.numel()) * sizeof(float);
  if (options_.shelf) {
    shelf_rows_ = options_.shelf->rows_of(store);
    cache_ = options_.shelf->cache(
        {static_cast<size_t>(options_.variants.count), row_bytes_},
        {options_.cache, options_.cache_budget_bytes, "features", [this] { return kind_key(store_, options_); }});
    return;
  }
  const CacheShape shape{store.samples().size() * static_cast<size_t>(options_.variants.count), row_bytes_};
  cache_ = open_cache(
      shape, {options_.cache, options_.cache_budget_bytes, "features", [this] { return cache_key(store_, options_); }});
}

int64_t FeatureStore::bytes() const {
  return static_cast<int64_t>(store_.samples().size() * static_cast<size_t>(options_.variants.count) * row_bytes_);
}

at::Tensor FeatureStore::features_of(const at::Tensor& pixels, const std::vector<uint64_t>& ids,
                                     int64_t outcome) const {
  return kept_order(options_.frozen(options_.variants.pixels(sent(pixels, options_.device), ids, outcome)));
}

size_t FeatureStore::kept_at(size_t row, int64_t outcome) const {
  const size_t place = shelf_rows_.empty() ? row : shelf_rows_.at(row);
  return place * static_cast<size_t>(options_.variants.count) + static_cast<size_t>(outcome);
}

bool FeatureStore::is_kept(size_t row) const {
  std::vector<uint8_t> scratch(row_bytes_);
  for (int64_t outcome = 0; outcome < options_.variants.count; ++outcome)
    if (!cache_->read(kept_at(row, outcome), store_.content(row), scratch.data())) return false;
  return true;
}

void FeatureStore::compute_and_keep(const Batch& batch) const {
  const auto ids = ids_of(store_, batch.rows);
  for (int64_t outcome = 0; outcome < options_.variants.count; ++outcome) {
    const at::Tensor features = features_of(batch.pixels, ids, outcome);
    const auto* bytes = static_cast<const uint8_t*>(features.data_ptr());
    for (size_t i = 0; i < batch.rows.size(); ++i)
      cache_->write(kept_at(batch.rows[i], outcome), store_.content(batch.rows[i]), bytes + i * row_bytes_);
  }
}

// Of several processes, what any of them lacks.
std::vector<size_t> FeatureStore::missing_rows() const {
  const size_t count = store_.samples().size();
  std::string missing(count, '0');
  for (size_t row = 0; row < count; ++row)
    if (!is_kept(row)) missing[row] = '1';
  const std::vector<std::string> all = options_.ranks ? options_.ranks->gather(missing) : std::vector{missing};
  std::vector<size_t> rows;
  for (size_t row = 0; row < count; ++row)
    if (std::any_of(all.begin(), all.end(), [row](const std::string& one) { return one[row] == '1'; }))
      rows.push_back(row);
  return rows;
}

void FeatureStore::fill(Observer& observer) {
  if (!cache_) return;
  std::vector<size_t> rows = missing_rows();
  if (options_.ranks)
    fill_together(rows, observer);
  else
    fill_alone(std::move(rows), observer);
}

void FeatureStore::fill_alone(std::vector<size_t> rows, Observer& observer) {
  const auto total = static_cast<int64_t>(rows.size());
  PassPlan plan;
  plan.work = [this](const Batch& batch) {
    compute_and_keep(batch);
    return std::vector<at::Tensor>();
  };
  plan.rows = options_.rows;
  plan.device = options_.device;
  PhotoPass pass(store_, std::move(rows), std::move(plan));
  int64_t done = 0;
  for (Passed passed; pass.next(passed);) {
    done += static_cast<int64_t>(passed.photos.rows.size());
    computed_ = done * options_.variants.count;
    observer.progress({"Computing features", done, total, std::nan(""), std::nan("")});
    if (observer.stop_requested()) throw Error(kInterruptedText, ExitCode::kInterrupted);
  }
}

// Group by group: each process computes a share, and all keep all of it.
void FeatureStore::fill_together(const std::vector<size_t>& rows, Observer& observer) {
  constexpr size_t kBytesOfShare = size_t{32} << 20;
  Ranks& ranks = *options_.ranks;
  const size_t photo = row_bytes_ * static_cast<size_t>(options_.variants.count);
  const size_t even = (rows.size() + ranks.size() - 1) / ranks.size();
  const size_t share = std::max<size_t>(1, std::min(even, kBytesOfShare / photo));
  for (size_t begin = 0; begin < rows.size(); begin += share * ranks.size()) {
    const auto of_rank = [&](size_t rank) { return slice(rows, begin + rank * share, share); };
    const std::vector<at::Tensor> shares = ranks.gather(computed_share(of_rank(ranks.rank()), observer));
    for (size_t rank = 0; rank < ranks.size(); ++rank) keep_share(of_rank(rank), shares[rank]);
    const size_t done = std::min(rows.size(), begin + share * ranks.size());
    computed_ = static_cast<int64_t>(done) * options_.variants.count;
    observer.progress({"Computing features", static_cast<int64_t>(done), static_cast<int64_t>(rows.size()),
                       std::nan(""), std::nan("")});
  }
}

// For each row: 1 where its photo is there, then the bytes of all its forms.
at::Tensor FeatureStore::computed_share(const std::vector<size_t>& rows, Observer& observer) const {
  const auto forms = static_cast<size_t>(options_.variants.count);
  const size_t each = 1 + forms * row_bytes_;
  at::Tensor share = at::zeros({static_cast<int64_t>(rows.size() * each)}, at::kByte);
  PassPlan plan;
  plan.work = [this, forms](const Batch& batch) {
    std::vector<at::Tensor> values;
    for (size_t form = 0; form < forms; ++form)
      values.push_back(features_of(batch.pixels, ids_of(store_, batch.rows), static_cast<int64_t>(form)));
    return values;
  };
  plan.rows = options_.rows;
  plan.device = options_.device;
  PhotoPass pass(store_, rows, std::move(plan));
  size_t place = 0;
  for (Passed passed; pass.next(passed);) {
    for (size_t i = 0; i < passed.photos.rows.size(); ++i) {
      while (rows[place] != passed.photos.rows[i]) ++place;
      auto* target = share.data_ptr<uint8_t>() + place * each;
      *target++ = 1;
      for (size_t form = 0; form < forms; ++form, target += row_bytes_)
        std::memcpy(target, static_cast<const uint8_t*>(passed.values[form].data_ptr()) + i * row_bytes_, row_bytes_);
    }
    if (observer.stop_requested()) throw Error(kInterruptedText, ExitCode::kInterrupted);
  }
  return share;
}

void FeatureStore::keep_share(const std::vector<size_t>& rows, const at::Tensor& share) const {
  const auto forms = static_cast<size_t>(options_.variants.count);
  const auto* bytes = share.data_ptr<uint8_t>();
  for (const size_t row : rows) {
    const bool there = *bytes++ == 1;
    for (size_t form = 0; form < forms; ++form, bytes += row_bytes_)
      if (there) cache_->write(kept_at(row, static_cast<int64_t>(form)), store_.content(row), bytes);
  }
}

bool FeatureStore::compute(size_t row, int64_t outcome, uint8_t* target) const {
  const Batch photo = read_batch(store_, {row});
  if (photo.rows.empty()) return false;
  const at::Tensor features = features_of(photo.pixels, {store_.samples()[row].id}, outcome);
  std::memcpy(target, features.data_ptr(), row_bytes_);
  return true;
}

at::Tensor FeatureStore::room_for(size_t pictures) const {
  std::vector<int64_t> sizes = shape_;
  sizes.insert(sizes.begin(), static_cast<int64_t>(pictures));
  const auto format = sizes.size() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  return at::empty(sizes, at::TensorOptions(at::kFloat).memory_format(format));
}

// False where the photo has vanished.
bool FeatureStore::one_form(size_t row, int64_t outcome, uint8_t* target) const {
  return (cache_ && cache_->read(kept_at(row, outcome), store_.content(row), target)) || compute(row, outcome, target);
}

bool FeatureStore::examples(const std::vector<size_t>& rows, uint64_t epoch, Examples& out) const {
  at::Tensor x = room_for(rows.size());
  at::Tensor labels = at::empty({static_cast<int64_t>(rows.size())}, at::kLong);
  auto* target = static_cast<uint8_t*>(x.data_ptr());
  int64_t kept = 0;
  for (const size_t row : rows) {
    const Sample& sample = store_.samples()[row];
    const int64_t outcome = epoch == 0 ? 0 : options_.variants.index(sample.id, epoch);
    if (one_form(row, outcome, target + static_cast<size_t>(kept) * row_bytes_))
      labels.data_ptr<int64_t>()[kept++] = sample.label;
  }
  if (kept == 0) return false;
  out = {sent(x.narrow(0, 0, kept), options_.device), sent(labels.narrow(0, 0, kept), options_.device)};
  return true;
}

FeatureStore::Forms FeatureStore::all_forms(const std::vector<size_t>& rows) const {
  const auto forms = static_cast<size_t>(options_.variants.count);
  Forms out{room_for(rows.size() * forms), {}};
  auto* target = static_cast<uint8_t*>(out.x.data_ptr());
  for (const size_t row : rows) {
    size_t form = 0;
    while (form < forms &&
           one_form(row, static_cast<int64_t>(form), target + (out.rows.size() * forms + form) * row_bytes_))
      ++form;
    if (form == forms) out.rows.push_back(row);
  }
  out.x = out.x.narrow(0, 0, static_cast<int64_t>(out.rows.size() * forms)).to(options_.device);
  return out;
}

namespace {

class FeatureSource : public ExampleSource {
 public:
  FeatureSource(std::shared_ptr<const FeatureStore> features, EpochOrder order, bool training)
      : features_(std::move(features)), order_of_(std::move(order)), training_(training) {}

  int64_t size() const override { return static_cast<int64_t>(features_->photos().samples().size()); }

  void share(ShareRule rule) override { share_ = std::move(rule); }
  void deal(int64_t first, int64_t step) override {
    first_ = static_cast<size_t>(first);
    step_ = static_cast<size_t>(step);
  }

  void begin(int64_t epoch, int64_t skip) override {
    epoch_ = training_ ? static_cast<uint64_t>(epoch) : 0;
    order_ = order_of_(epoch);
    next_ = (static_cast<size_t>(skip) + first_) * batch();
  }

  bool next(Examples& examples) override {
    while (next_ < order_.size()) {
      const auto whole = static_cast<int64_t>(std::min(batch(), order_.size() - next_));
      const BatchShare share = share_ ? share_(whole, whole * features_->numbers()) : BatchShare{0, whole, whole};
      const std::vector<size_t> rows =
          slice(order_, next_ + static_cast<size_t>(share.first), static_cast<size_t>(share.count));
      next_ += step_ * batch();
      const bool found = features_->examples(rows, epoch_, examples);
      if (!share_ && step_ == 1) {
        if (found) return true;
        continue;
      }
      if (!found || examples.labels.size(0) < share.count) throw vanished_error();
      examples.share = share;
      return true;
    }
    return false;
  }

 private:
  size_t batch() const { return static_cast<size_t>(features_->options().batch); }

  std::shared_ptr<const FeatureStore> features_;
  EpochOrder order_of_;
  bool training_;
  ShareRule share_;
  size_t first_ = 0, step_ = 1;  // of the batches
  uint64_t epoch_ = 0;
  std::vector<size_t> order_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<ExampleSource> feature_source(std::shared_ptr<const FeatureStore> features, EpochOrder order,
                                              bool training) {
  return std::make_unique<FeatureSource>(std::move(features), std::move(order), training);
}

FeatureVariants one_outcome() {
  FeatureVariants out;
  out.index = [](uint64_t, uint64_t) { return int64_t{0}; };
  out.pixels = [](const at::Tensor& pixels, const std::vector<uint64_t>&, int64_t) { return pixels; };
  return out;
}

FeatureVariants feature_variants_of(const Json& augment, uint64_t seed, int64_t views) {
  FeatureVariants out;
  const auto flips = std::make_shared<FlipOutcomes>(augment, seed);
  out.count = flips->count();
  if (out.count > 0) {
    if (out.count == 1) return one_outcome();
    out.key = "flips " + augment.dump();
    out.index = [flips](uint64_t id, uint64_t epoch) { return flips->index(id, epoch); };
    out.pixels = [flips](const at::Tensor& pixels, const std::vector<uint64_t>&, int64_t index) {
      return flips->pixels(pixels, index);
    };
    return out;
  }
  const auto augmenter = std::make_shared<Augmenter>(augment, seed, /*classes=*/2);
  if (views == 0 || augmenter->soft_labels()) return out;
  out.count = views;
  out.exact = false;
  out.key = "views " + std::to_string(seed) + " " + augment.dump();
  out.index = [seed, views](uint64_t id, uint64_t epoch) { return Random(seed, "view", epoch, id).below(views); };
  out.pixels = [augmenter](const at::Tensor& pixels, const std::vector<uint64_t>& ids, int64_t index) {
    const at::Tensor labels = at::zeros({pixels.size(0)}, pixels.options().dtype(at::kLong));
    return augmenter->apply({pixels, labels, ids}, static_cast<uint64_t>(index) + 1).pixels;
  };
  return out;
}

}  // namespace cvtool
