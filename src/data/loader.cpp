#include "data/loader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "base/error.h"
#include "base/random.h"
#include "data/parallel.h"

namespace cvtool {
namespace {

// What a worker made of one batch: the batch, or what it threw.
struct Outcome {
  Batch batch;
  std::exception_ptr error;
};

// Rows whose file has vanished are left out.
Batch prepare(const PhotoStore& store, const size_t* first, size_t count) {
  const ImageSize& size = store.options().data.imgsz;
  const auto rows = static_cast<int64_t>(count);
  at::Tensor bytes = at::empty({rows, size.height, size.width, 3}, at::kByte);
  at::Tensor labels = at::empty({rows}, at::kLong);
  auto* to = bytes.data_ptr<uint8_t>();
  auto* label = labels.data_ptr<int64_t>();
  Batch batch;
  for (size_t i = 0; i < count; ++i) {
    if (!store.pixels(first[i], to)) continue;
    to += size.height * size.width * 3;
    *label++ = store.samples()[first[i]].label;
    batch.rows.push_back(first[i]);
  }
  const auto kept = static_cast<int64_t>(batch.rows.size());
  // [N,H,W,3] seen as [N,3,H,W] is channels_last without a copy.
  batch.pixels = bytes.narrow(0, 0, kept).permute({0, 3, 1, 2});
  batch.labels = labels.narrow(0, 0, kept);
  return batch;
}

}  // namespace

struct Loader::State {
  const PhotoStore& store;
  std::vector<size_t> order;
  size_t batch_rows = 1, batches = 0, ahead = 1;

  std::mutex mutex;
  std::condition_variable changed;
  size_t next = 0, taken = 0;  // batches given to workers, batches handed out
  bool stop = false;
  std::map<size_t, Outcome> ready;
  std::vector<std::thread> threads;

  State(const PhotoStore& photos, std::vector<size_t> indices) : store(photos), order(std::move(indices)) {}
  void work();
};

void Loader::State::work() {
  std::unique_lock<std::mutex> lock(mutex);
  for (;;) {
    changed.wait(lock, [&] { return stop || next == batches || next < taken + ahead; });
    if (stop || next == batches) return;
    const size_t index = next++;
    lock.unlock();
    Outcome outcome;
    try {
      const size_t begin = index * batch_rows;
      outcome.batch = prepare(store, order.data() + begin, std::min(batch_rows, order.size() - begin));
    } catch (...) {
      outcome.error = std::current_exception();
    }
    lock.lock();
    ready.emplace(index, std::move(outcome));
    changed.notify_all();
  }
}

Loader::Loader(const PhotoStore& store, std::vector<size_t> order, int64_t batch)
    : state_(std::make_unique<State>(store, std::move(order))) {
  if (batch < 1) throw UsageError("batch: must be at least 1, not " + std::to_string(batch));
  State& state = *state_;
  state.batch_rows = static_cast<size_t>(batch);
  state.batches = (state.order.size() + state.batch_rows - 1) / state.batch_rows;
  const size_t workers = std::min(worker_count(store.options().workers), state.batches);
  state.ahead = workers + 1;
  for (size_t i = 0; i < workers; ++i) state.threads.emplace_back([&state] { state.work(); });
}

Loader::~Loader() {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stop = true;
    state_->changed.notify_all();
  }
  for (auto& thread : state_->threads) thread.join();
}

bool Loader::next(Batch& batch) {
  State& state = *state_;
  std::unique_lock<std::mutex> lock(state.mutex);
  while (state.taken < state.batches) {
    state.changed.wait(lock, [&] { return state.ready.count(state.taken) != 0; });
    Outcome outcome = std::move(state.ready.at(state.taken));
    state.ready.erase(state.taken++);
    state.changed.notify_all();
    if (outcome.error) std::rethrow_exception(outcome.error);
    if (outcome.batch.rows.empty()) continue;
    batch = std::move(outcome.batch);
    return true;
  }
  return false;
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
