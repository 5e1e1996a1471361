// Throughput of augmentation: bench_augment [LIST [SIDE [BATCH [THREADS]]]] prints pictures per second.
#include <ATen/ATen.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "augment/augment.h"
#include "torch/device.h"

using namespace cvtool;

namespace {

AugmentRows random_rows(int64_t batch, int64_t side) {
  AugmentRows rows;
  rows.pixels = at::randint(256, {batch, 3, side, side}, at::kByte).contiguous(at::MemoryFormat::ChannelsLast);
  rows.labels = at::zeros({batch}, at::kLong);
  for (int64_t i = 0; i < batch; ++i) rows.ids.push_back(static_cast<uint64_t>(i));
  return rows;
}

}  // namespace

int main(int count, char** words) {
  const auto number = [&](int index, int64_t otherwise) {
    return count > index ? std::stoll(words[index]) : otherwise;
  };
  const std::string list = count > 1 ? words[1] : "flip=horizontal,rotation=0.2,zoom=0.2,contrast=0.5";
  const int64_t batch = number(3, 64);
  prepare_process(static_cast<int>(number(4, 2)));
  const Augmenter augmenter(parse_augment_text(list), 1, 2);
  const AugmentRows rows = random_rows(batch, number(2, 160));
  for (uint64_t epoch = 0; epoch < 5; ++epoch) augmenter.apply(rows, epoch);
  const auto start = std::chrono::steady_clock::now();
  double seconds = 0;
  uint64_t batches = 0;
  for (; seconds < 2; ++batches) {
    augmenter.apply(rows, batches);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::printf("%.0f\n", static_cast<double>(batches) * static_cast<double>(batch) / seconds);
}
