#include "parts/parted_net.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/script.h>

#include <algorithm>

#include "base/error.h"
#include "base/machine.h"
#include "dist/ranks.h"
#include "parts/operators.h"
#include "torch/device.h"
#include "torch/lanes.h"

namespace cvtool {
namespace {

using Module = torch::jit::Module;

// What a part must hold to be worth its own way through the net: so many rows, of which vector instructions and caches
// want some, and so many numbers of input or uses of kernels. Where parts meet, each layer is left and taken up again,
// so they are fewer; dense layers read all their weights for each part.
constexpr int64_t kRowsOfPart = 8, kRowsOfMeetingPart = 16;
constexpr int64_t kNumbersOfPart = 32768, kUsesOfPart = 4'000'000, kNumbersOfDensePart = int64_t{16} * 3 * 64 * 64;
// A dense layer whose gradient is worth to be computed at once.
constexpr int64_t kDeferredWeights = 65536;
// Whether its factors are fewer numbers than what processes would tell each other of its gradient: the rule is that of
// one process too, since the order of sums follows it.
bool is_worth_deferring(const at::Tensor& weight, int64_t rows) {
  return rows * (weight.size(0) + weight.size(1)) <= 2 * weight.numel();
}
// Columns of such a gradient that one core computes.
constexpr int64_t kDeferredColumns = 8192;

// The same code, with places of its own for parameters and buffers, which begin as those of `module`.
Module with_own_places(const Module& module) {
  Module copy = module.copy();
  for (const auto& child : copy.named_children()) copy.setattr(child.name, with_own_places(child.value)._ivalue());
  return copy;
}

template <class Call>
void for_each_parameter(const Module& module, const Call& call) {
  for (const auto& part : module.named_modules())
    for (const auto& parameter : part.value.named_parameters(/*recurse=*/false))
      call(part.value, parameter.name, parameter.value);
}

void own_buffers(const Module& module) {
  at::NoGradGuard no_grad;
  for (const auto& part : module.named_modules())
    for (const auto& buffer : part.value.named_buffers(/*recurse=*/false)) {
      Module owner = part.value;
      owner.setattr(buffer.name, buffer.value.clone());
    }
}

// Over parts that make a branch of the tree; undefined where the weight has no gradient.
at::Tensor sum_of_branch(const std::vector<std::vector<at::Tensor>>& of_part, size_t weight) {
  std::vector<at::Tensor> terms;
  for (const std::vector<at::Tensor>& gradients : of_part)
    if (gradients[weight].defined()) terms.push_back(gradients[weight].to(at::kFloat));
  return terms.empty() ? at::Tensor() : tree_sum(std::move(terms));
}

// The factor `which` of the use `use` of a layer, from the processes that have computed it.
void gather_factor(PartedBatch& batch, DeferredDense& dense, size_t use, at::Tensor DeferredDense::Factors::*which) {
  const PartDeal& deal = batch.deal;
  const auto rows_of = [&](int64_t part) {
    return batch.first_rows[static_cast<size_t>(part) + 1] - batch.first_rows[static_cast<size_t>(part)];
  };
  const auto factor = [&](int64_t part) -> at::Tensor& { return dense.of_part[static_cast<size_t>(part)][use].*which; };
  const int64_t width = factor(deal.own().first).size(1);
  const int64_t rows_of_row = factor(deal.own().first).size(0) / rows_of(deal.own().first);
  std::vector<at::Tensor> own;
  for (int64_t part = deal.own().first; part < deal.own().end; ++part) own.push_back(factor(part).reshape(-1));
  std::vector<int64_t> sizes(deal.ranks().size());
  for (size_t rank = 0; rank < sizes.size(); ++rank)
    for (int64_t part = deal.run_of(rank).first; part < deal.run_of(rank).end; ++part)
      sizes[rank] += rows_of(part) * rows_of_row * width;
  const std::vector<at::Tensor> all = deal.ranks().gather(at::cat(own), sizes);
  for (size_t rank = 0; rank < sizes.size(); ++rank) {
    int64_t place = 0;
    for (int64_t part = deal.run_of(rank).first; part < deal.run_of(rank).end; ++part) {
      const int64_t rows = rows_of(part) * rows_of_row;
      factor(part) = all[rank].narrow(0, place, rows * width).view({rows, width});
      place += rows * width;
    }
  }
}

// So that all processes have those of all parts.
void gather_factors(PartedBatch& batch) {
  if (!batch.deal.shared()) return;
  const at::NoGradGuard no_grad;
  for (DeferredDense& dense : batch.dense) {
    const size_t uses = dense.of_part[static_cast<size_t>(batch.deal.own().first)].size();
    for (auto& of_part : dense.of_part) of_part.resize(uses);
    for (size_t use = 0; use < uses; ++use)
      for (const auto which : {&DeferredDense::Factors::input, &DeferredDense::Factors::gradient})
        gather_factor(batch, dense, use, which);
  }
}

AroundThread one_core() {
  return [](const std::function<void()>& life) {
    const Lane lane;
    life();
  };
}

}  // namespace

// A parameter that is trained, and what steps compute with: itself, or its copy in bfloat16.
struct PartedNet::Weight {
  at::Tensor original, used;
  bool deferred = false;
};

std::vector<int64_t> first_rows_of_parts(int64_t rows, int64_t numbers, const CutRule& rule) {
  const int64_t each = rule.meet ? kRowsOfMeetingPart : kRowsOfPart;
  const int64_t worth = rule.kernels > 0 ? std::max(numbers / kNumbersOfPart, rows * rule.kernels / kUsesOfPart)
                                         : numbers / kNumbersOfDensePart;
  const int64_t parts = std::max<int64_t>(1, std::min({rule.most, rows / each, worth}));
  std::vector<int64_t> first;
  for (int64_t part = 0; part <= parts; ++part) first.push_back((part * rows + parts - 1) / parts);
  return first;
}

PartedNet::PartedNet(const StepNetPlan& plan) : plan_(plan) {
  std::vector<Module> copies;
  for (const Module& stage : plan.stages) copies.push_back(in_parts(stage));
  const RoundedParameters rounded(copies);
  for (const Module& stage : copies)
    for_each_parameter(stage, [&](Module owner, const std::string& name, const at::Tensor& original) {
      const auto known = std::find_if(trained_.begin(), trained_.end(),
                                      [&](const Weight& weight) { return weight.original.is_same(original); });
      if (known != trained_.end()) return owner.setattr(name, known->used);
      at::Tensor used = original;
      if (plan.precision != at::kFloat && rounded.contains(owner, name))
        used = original.detach().to(plan.precision).set_requires_grad(original.requires_grad());
      owner.setattr(name, used);
      if (!original.requires_grad()) return;
      trained_.push_back({original, used, original.dim() == 2 && original.numel() >= kDeferredWeights});
    });
  rule_.meet = parts_meet(copies);
  for (const Module& stage : copies)
    for (const at::Tensor& parameter : stage.parameters())
      if (parameter.dim() > 2) rule_.kernels += parameter.numel();
  of_part_.push_back(std::move(copies));
}

PartedNet::~PartedNet() = default;

ShareRule PartedNet::share_rule() const {
  return [rule = rule_, ranks = plan_.ranks](int64_t rows, int64_t numbers) {
    const std::vector<int64_t> first = first_rows_of_parts(rows, numbers, rule);
    const PartRun own = PartDeal(static_cast<int64_t>(first.size()) - 1, ranks).own();
    const int64_t begin = first[static_cast<size_t>(own.first)];
    return BatchShare{begin, first[static_cast<size_t>(own.end)] - begin, rows};
  };
}

std::vector<int64_t> PartedNet::cut(const at::Tensor& x, int64_t rows, PartDeal& deal) {
  const int64_t numbers = x.size(0) > 0 ? x.numel() / x.size(0) * rows : 0;
  std::vector<int64_t> first = first_rows_of_parts(rows, numbers, rule_);
  deal = PartDeal(static_cast<int64_t>(first.size()) - 1, rows == x.size(0) ? nullptr : plan_.ranks);
  const auto parts = static_cast<size_t>(deal.own().count());
  if (of_part_.size() >= parts && team_) return first;
  if (rule_.meet && affordable_threads(parts) < parts && parts > 1) {
    if (plan_.ranks)
      throw Error("the system gives this program few threads (ulimit -u, or a container's limit), and " +
                  std::to_string(parts) + " are needed for each part of a batch to have one; allow more");
    spdlog::warn(
        "the system gives this program few threads (ulimit -u, or a container's limit): batches are computed in one "
        "piece, and the weights will differ a little from those of a run with more");
    rule_.most = 1;
    return cut(x, rows, deal);
  }
  prepare(parts);
  return first;
}

void PartedNet::prepare(size_t parts) {
  while (of_part_.size() < parts) {
    std::vector<Module> others;
    for (const Module& stage : of_part_[0]) {
      others.push_back(with_own_places(stage));
      own_buffers(others.back());
    }
    of_part_.push_back(std::move(others));
  }
  // Parts that do not meet are computed one after the other by as many threads as there are cores: each thread keeps
  // the memory that a part took.
  const size_t threads = rule_.meet ? std::max(parts, lanes_) : lanes_;
  if (team_ && team_->threads() >= threads) return;
  team_.reset();
  team_ = std::make_unique<PartTeam>(threads, lanes_, one_core());
}

PartedBatch PartedNet::begin(const StepBatch& step) {
  PartDeal deal;
  const std::vector<int64_t> first = cut(step.x, std::max(step.share.of, step.x.size(0)), deal);
  PartedBatch batch{team_.get(), deal, first, step.seed, {}};
  batch.exchange.resize(batch.parts());
  for (const Weight& weight : trained_)
    if (weight.deferred && is_worth_deferring(weight.used, batch.rows()))
      batch.dense.push_back(
          {weight.used, weight.original, std::vector<std::vector<DeferredDense::Factors>>(first.size() - 1)});
  team_->for_each(trained_.size(), [&](size_t i) {
    const at::NoGradGuard no_grad;
    const Weight& weight = trained_[i];
    if (!weight.used.is_same(weight.original)) weight.used.detach().copy_(weight.original);
  });
  return batch;
}

void PartedNet::compute_parts(size_t count, const std::function<void(size_t part)>& work) {
  as_ranks_tell(plan_.ranks, [&] { rule_.meet ? team_->run(count, work) : team_->for_each(count, work); });
}

at::Tensor PartedNet::logits_of(const PartScope& scope, const StepBatch& batch) {
  const Autocast autocast(at::kCPU, plan_.precision);
  return run_stages(of_part_[scope.part()], scope.rows_of(batch.x));
}

StepResult PartedNet::step(const StepBatch& step, double factor, const RowsLoss& loss) {
  const OneComputeThread alone;
  PartedBatch batch = begin(step);
  std::vector<at::Tensor> inputs;
  for (const Weight& weight : trained_) inputs.push_back(weight.used);
  std::vector<Gradients> gradients(batch.parts());
  std::vector<at::Tensor> losses(batch.parts()), logits(batch.parts());
  std::vector<StepClock> clocks(batch.parts());
  compute_parts(batch.parts(), [&](size_t part) {
    PartScope scope(batch, part);
    clocks[part] = StepClock();
    const at::Tensor y = logits_of(scope, step);
    const at::Tensor mean = loss(y, scope.rows_of(step.labels)) * scope.share();
    logits[part] = y.detach();
    losses[part] = mean.detach().to(at::kDouble);
    clocks[part].forward_ends();
    gradients[part] = torch::autograd::grad({mean}, inputs, {}, /*retain_graph=*/c10::nullopt, /*create_graph=*/false,
                                            /*allow_unused=*/true);
    clocks[part].backward_ends();
  });
  sum_gradients(gradients, batch.deal, factor);
  gather_factors(batch);
  multiply_deferred(batch, factor);
  return {batch.deal.sum(losses), at::cat(logits), forward_share(clocks)};
}

void PartedNet::sum_gradients(const std::vector<Gradients>& of_part, const PartDeal& deal, double factor) {
  std::vector<at::Tensor> of_all;
  if (deal.shared()) of_all = sums_over_ranks(of_part, deal);
  team_->for_each(trained_.size(), [&](size_t i) {
    const at::NoGradGuard no_grad;
    at::Tensor sum = deal.shared() ? of_all[i] : sum_of_branch(of_part, i);
    if (!sum.defined()) return;
    if (factor != 1) sum.mul_(factor);
    at::Tensor& gradient = trained_[i].original.mutable_grad();
    if (gradient.defined())
      gradient.add_(sum);
    else
      gradient = std::move(sum);
  });
}

// Of each trained weight; undefined where it has no gradient.
std::vector<at::Tensor> PartedNet::sums_over_ranks(const std::vector<Gradients>& of_part, const PartDeal& deal) {
  const at::NoGradGuard no_grad;
  const std::vector<PartRun> branches = branches_of(deal.own(), deal.parts());
  std::vector<std::vector<at::Tensor>> sums(branches.size(), std::vector<at::Tensor>(trained_.size()));
  team_->for_each(branches.size() * trained_.size(), [&](size_t task) {
    const at::NoGradGuard no_grad_here;
    const PartRun& branch = branches[task / trained_.size()];
    const auto begin = of_part.begin() - deal.own().first;
    sums[task / trained_.size()][task % trained_.size()] =
        sum_of_branch({begin + branch.first, begin + branch.end}, task % trained_.size());
  });
  return deal.sums_of_branches(std::move(sums));
}

void PartedNet::multiply_deferred(const PartedBatch& batch, double factor) {
  struct Columns {
    const DeferredDense* dense;
    at::Tensor target;
    int64_t first, count;
    bool add;
  };
  std::vector<Columns> blocks;
  for (const DeferredDense& dense : batch.dense) {
    if (std::all_of(dense.of_part.begin(), dense.of_part.end(), [](const auto& uses) { return uses.empty(); }))
      continue;
    at::Tensor& target = dense.original.mutable_grad();
    const bool add = target.defined();
    if (!add) target = at::empty_like(dense.original);
    for (int64_t first = 0; first < target.size(1); first += kDeferredColumns) {
      const int64_t count = std::min(kDeferredColumns, target.size(1) - first);
      blocks.push_back({&dense, target.narrow(1, first, count), first, count, add});
    }
  }
  team_->for_each(blocks.size(), [&](size_t i) {
    const at::NoGradGuard no_grad;
    const Columns& block = blocks[i];
    std::vector<at::Tensor> inputs, gradients;
    for (const auto& uses : block.dense->of_part)
      for (const DeferredDense::Factors& factors : uses) {
        inputs.push_back(factors.input.narrow(1, block.first, block.count));
        gradients.push_back(factors.gradient);
      }
    at::Tensor product = at::cat(gradients).t().mm(at::cat(inputs));
    if (factor != 1) product = product.to(at::kFloat).mul_(factor);
    if (block.add)
      block.target.add_(product);
    else
      block.target.copy_(product);
  });
}

at::Tensor PartedNet::loss_of(const StepBatch& step, const RowsLoss& loss) {
  const OneComputeThread alone;
  PartedBatch batch = begin(step);
  std::vector<at::Tensor> losses(batch.parts());
  compute_parts(batch.parts(), [&](size_t part) {
    const at::NoGradGuard no_grad;
    const PartScope scope(batch, part);
    losses[part] = (loss(logits_of(scope, step), scope.rows_of(step.labels)) * scope.share()).to(at::kDouble);
  });
  return batch.deal.sum(losses);
}

at::Tensor PartedNet::evaluate(const at::Tensor& x) {
  const OneComputeThread alone;
  PartDeal all;
  const std::vector<int64_t> first = cut(x, x.size(0), all);
  std::vector<at::Tensor> logits(first.size() - 1);
  team_->for_each(logits.size(), [&](size_t part) {
    const at::NoGradGuard no_grad;
    const at::Tensor rows = x.narrow(0, first[part], first[part + 1] - first[part]);
    logits[part] = run_stages(plan_.stages, rows).to(at::kFloat);
  });
  return at::cat(logits);
}

}  // namespace cvtool
