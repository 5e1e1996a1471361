#include "parts/whole_net.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/script.h>

#include <algorithm>
#include <utility>

#include "dist/ranks.h"
#include "parts/operators.h"
#include "torch/device.h"

namespace cvtool {
namespace {

// The first row of each process's piece, and the number of all rows behind the last. A batch with fewer rows than
// processes has one piece, which all of them compute.
std::vector<int64_t> first_rows_of_ranks(int64_t rows, const Ranks* ranks) {
  const int64_t size = ranks ? static_cast<int64_t>(ranks->size()) : 1, pieces = rows < size ? 1 : size;
  std::vector<int64_t> first;
  for (int64_t piece = 0; piece <= pieces; ++piece) first.push_back((piece * rows + pieces - 1) / pieces);
  return first;
}

int64_t pieces_of(const std::vector<int64_t>& first_rows) { return static_cast<int64_t>(first_rows.size()) - 1; }

}  // namespace

WholeNet::WholeNet(StepNetPlan plan) : plan_(std::move(plan)), stages_(plan_.stages) {
  if (plan_.device.is_cpu()) {
    plan_.ranks = nullptr;
    return;
  }
  for (torch::jit::Module& stage : stages_) stage = in_parts(stage);
  for (const torch::jit::Module& stage : plan_.stages)
    for (const at::Tensor& parameter : stage.parameters())
      if (parameter.requires_grad() && std::none_of(trained_.begin(), trained_.end(),
                                                    [&](const at::Tensor& other) { return other.is_same(parameter); }))
        trained_.push_back(parameter);
}

ShareRule WholeNet::share_rule() const {
  if (!plan_.ranks) return StepNet::share_rule();
  return [ranks = plan_.ranks](int64_t rows, int64_t) {
    const std::vector<int64_t> first = first_rows_of_ranks(rows, ranks);
    const auto own = static_cast<size_t>(PartDeal(pieces_of(first), ranks).own().first);
    return BatchShare{first[own], first[own + 1] - first[own], rows};
  };
}

PartedBatch WholeNet::begin(const StepBatch& batch) const {
  const int64_t rows = std::max(batch.share.of, batch.x.size(0));
  Ranks* const sharing = rows == batch.x.size(0) ? nullptr : plan_.ranks;
  PartedBatch parted;
  parted.first_rows = first_rows_of_ranks(rows, sharing);
  parted.deal = PartDeal(pieces_of(parted.first_rows), sharing);
  parted.seed = batch.seed;
  parted.exchange.resize(1);
  return parted;
}

at::Tensor WholeNet::logits_of(const StepBatch& batch) const {
  seed_random(plan_.device, batch.seed);
  const Autocast autocast(plan_.device, plan_.precision);
  return run_stages(stages_, batch.x);
}

StepResult WholeNet::step(const StepBatch& batch, double factor, const RowsLoss& loss) {
  StepResult result;
  as_ranks_tell(plan_.ranks, [&] {
    StepClock clock;
    PartedBatch parted = begin(batch);
    const PartScope scope(parted, 0);
    const at::Tensor y = logits_of(batch);
    at::Tensor mean = loss(y, batch.labels);
    if (parted.deal.shared()) mean = mean * scope.share();
    clock.forward_ends();
    const at::Tensor scaled = batch.scale.defined() ? mean * batch.scale : mean;
    if (parted.deal.shared())
      share_gradients(scaled, factor, parted.deal);
    else
      (factor != 1 ? scaled * factor : scaled).backward();
    clock.backward_ends();
    mean = mean.detach();
    result = {parted.deal.shared() ? parted.deal.sum({mean.to(at::kDouble)}) : mean, y.detach(),
              forward_share({clock})};
  });
  return result;
}

void WholeNet::share_gradients(const at::Tensor& loss, double factor, const PartDeal& deal) const {
  std::vector<at::Tensor> own = torch::autograd::grad({loss}, trained_, {}, /*retain_graph=*/c10::nullopt,
                                                      /*create_graph=*/false, /*allow_unused=*/true);
  const std::vector<at::Tensor> sums = deal.sums_of_branches({std::move(own)});
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < trained_.size(); ++i) {
    if (!sums[i].defined()) continue;
    if (factor != 1) sums[i].mul_(factor);
    at::Tensor& gradient = trained_[i].mutable_grad();
    if (gradient.defined())
      gradient.add_(sums[i]);
    else
      gradient = sums[i];
  }
}

at::Tensor WholeNet::loss_of(const StepBatch& batch, const RowsLoss& loss) {
  const at::NoGradGuard no_grad;
  at::Tensor mean;
  as_ranks_tell(plan_.ranks, [&] {
    PartedBatch parted = begin(batch);
    const PartScope scope(parted, 0);
    mean = loss(logits_of(batch), batch.labels).to(at::kDouble);
    if (parted.deal.shared()) mean = parted.deal.sum({mean * scope.share()});
  });
  return mean;
}

at::Tensor WholeNet::evaluate(const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  return run_stages(plan_.stages, x).to(at::kFloat);
}

void WholeNet::for_each(size_t count, const std::function<void(size_t)>& task) {
  for (size_t i = 0; i < count; ++i) task(i);
}

}  // namespace cvtool
