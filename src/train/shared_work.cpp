#include "train/shared_work.h"

#include <ATen/ATen.h>

#include "data/pixel_cache.h"

namespace cvtool {
namespace {

constexpr int64_t kFigures = 3;

}  // namespace

at::Tensor whole_batch(const Examples& examples, Ranks* ranks) {
  if (!ranks || examples.share.whole()) return examples.x;
  const at::Tensor own = examples.x.contiguous();
  std::vector<int64_t> sizes = own.sizes().vec();
  sizes[0] = examples.share.of;
  const at::Tensor x = at::cat(ranks->gather(own.view(-1))).view(sizes);
  return x.dim() == 4 ? x.contiguous(examples.x.suggest_memory_format()) : x;
}

void check_same_weights(const NamedTensors& weights, Ranks& ranks) {
  std::string hashes;
  for (const auto& [name, weight] : weights) {
    const at::Tensor values = weight.detach().cpu().contiguous();
    hashes += hex_text(content_hash(values.data_ptr(), values.nbytes()));
  }
  ranks.check_same(hex_text(content_hash(hashes)), "the weights after an epoch",
                   "their processors may round differently: use machines of one kind");
}

void SharedBatches::add(const BatchMetrics& batch, const std::vector<at::Tensor>& extremes) {
  const auto one = [](const at::Tensor& figure) { return figure.detach().to(at::kDouble).reshape({1}); };
  const at::Tensor loss = one(batch.loss);
  batches_.push_back(at::cat({loss, one(batch.correct), at::full_like(loss, static_cast<double>(batch.count)),
                              extremes.end()[-2].to(at::kDouble), extremes.end()[-1].to(at::kDouble)}));
}

bool SharedBatches::gather(Ranks& ranks, bool stop, RunningSums& sums, std::vector<at::Tensor>& extremes) const {
  if (ranks.largest(stop ? 1 : 0) > 0) return false;
  std::vector<at::Tensor> of_rank;
  const int64_t width = ranks.largest(batches_.empty() ? 0 : batches_[0].numel());
  for (const at::Tensor& one : ranks.gather(batches_.empty() ? at::empty({0}, at::kDouble) : at::cat(batches_).cpu()))
    of_rank.push_back(one.view({-1, width}));
  sums = {};
  extremes.clear();
  for (int64_t i = 0;; ++i) {
    const at::Tensor& of = of_rank[static_cast<size_t>(i) % ranks.size()];
    const int64_t row = i / static_cast<int64_t>(ranks.size());
    if (row >= of.size(0)) return true;
    const at::Tensor batch = of[row];
    sums.add(batch[0].item<double>(), batch[1].item<double>(), static_cast<int64_t>(batch[2].item<double>()));
    const at::Tensor values = batch.narrow(0, kFigures, width - kFigures).to(at::kFloat);
    for (const at::Tensor& extreme : values.chunk(2)) extremes.push_back(extreme);
  }
}

}  // namespace cvtool
