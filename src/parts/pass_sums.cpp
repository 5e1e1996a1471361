#include "parts/pass_sums.h"

#include <ATen/ATen.h>

namespace cvtool {
namespace {

// What is shown of a pass is at most so old, and a loss that is not a number is found so late.
constexpr size_t kBatchesAtOnce = 16;

}  // namespace

void PassSums::add(const BatchMetrics& batch, int64_t step) {
  waiting_.push_back({batch, step});
  if (batch.loss.is_cpu() || waiting_.size() >= kBatchesAtOnce) fetch();
}

void PassSums::fetch() {
  if (waiting_.empty()) return;
  std::vector<at::Tensor> losses, correct;
  for (const Waiting& waiting : waiting_) {
    losses.push_back(waiting.batch.loss.detach());
    correct.push_back(waiting.batch.correct.detach());
  }
  const std::vector<Waiting> fetched = std::move(waiting_);
  waiting_.clear();
  const at::Tensor values =
      at::stack({at::stack(losses).to(at::kDouble), at::stack(correct).to(at::kDouble)}).to(at::kCPU);
  const auto* loss = values.data_ptr<double>();
  const auto* right = loss + losses.size();
  for (const Waiting& batch : fetched) {
    check_(*loss, batch.step);
    sums_.add(*loss++, *right++, batch.batch.count);
  }
}

int64_t PassSums::samples() const {
  int64_t count = sums_.samples;
  for (const Waiting& waiting : waiting_) count += waiting.batch.count;
  return count;
}

}  // namespace cvtool
