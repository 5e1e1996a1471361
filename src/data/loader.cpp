#include "data/loader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "data/image_tensor.h"

namespace cvtool {
namespace {

PrefetchPlan<Batch> plan_of(const PhotoStore& store, std::vector<size_t> order, int64_t batch) {
  if (batch < 1) throw UsageError("batch: must be at least 1, not " + std::to_string(batch));
  const size_t rows = static_cast<size_t>(batch), batches = (order.size() + rows - 1) / rows;
  PrefetchPlan<Batch> plan;
  plan.source = [order = std::move(order), rows, next = size_t{0}](Batch& named) mutable {
    named.rows = slice(order, next, rows);
    next += named.rows.size();
    return !named.rows.empty();
  };
  plan.work = [&store](Batch& named) { named = read_batch(store, named.rows); };
  plan.workers = std::min(worker_count(store.options().read.workers), batches);
  plan.window = plan.workers + 1;
  return plan;
}

}  // namespace

Batch read_batch(const PhotoStore& store, const std::vector<size_t>& rows) {
  const DataConfig& data = store.options().data;
  const auto count = static_cast<int64_t>(rows.size());
  const at::Tensor pictures = picture_rows(count, data.imgsz, data);
  at::Tensor labels = at::empty({count}, at::kLong);
  auto* to = pictures.data_ptr<uint8_t>();
  auto* label = labels.data_ptr<int64_t>();
  Batch batch;
  for (const size_t row : rows) {
    if (!store.pixels(row, to)) continue;
    to += picture_bytes(data.imgsz, data);
    *label++ = store.samples()[row].label;
    batch.rows.push_back(row);
  }
  const auto kept = static_cast<int64_t>(batch.rows.size());
  batch.pixels = tensor_from_rows(pictures, kept, data.imgsz, data);
  batch.labels = labels.narrow(0, 0, kept);
  return batch;
}

Loader::Loader(const PhotoStore& store, std::vector<size_t> order, int64_t batch)
    : batches_(plan_of(store, std::move(order), batch)) {}

bool Loader::next(Batch& batch) {
  while (batches_.next(batch))
    if (!batch.rows.empty()) return true;
  return false;
}

std::vector<size_t> slice(const std::vector<size_t>& order, size_t begin, size_t count) {
  const auto at = [&](size_t i) { return order.begin() + static_cast<std::ptrdiff_t>(std::min(i, order.size())); };
  return {at(begin), at(begin + count)};
}

std::vector<size_t> in_order(size_t count) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  return order;
}

std::vector<size_t> shuffled(const std::vector<Sample>& samples, uint64_t seed, uint64_t epoch) {
  std::vector<uint64_t> keys;
  keys.reserve(samples.size());
  for (const auto& sample : samples) keys.push_back(Random(seed, "shuffle", epoch, sample.id).bits64());
  std::vector<size_t> order = in_order(samples.size());
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return keys[a] != keys[b] ? keys[a] < keys[b] : samples[a].path < samples[b].path;
  });
  return order;
}

}  // namespace cvtool
