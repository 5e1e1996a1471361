#include "parts/parted_net.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/script.h>

#include <algorithm>

#include "base/machine.h"
#include "parts/operators.h"
#include "torch/device.h"
#include "torch/lanes.h"

namespace cvtool {
namespace {

using Module = torch::jit::Module;

// What a part must hold to be worth its own way through the net: so many numbers of input, and so many rows, of which
// vector instructions and caches want some. Where parts meet, each layer is left and taken up again, so they are fewer.
constexpr int64_t kNumbersOfPart = int64_t{16} * 3 * 64 * 64, kRowsOfPart = 8, kRowsOfMeetingPart = 16;
// A dense layer whose gradient is worth to be computed at once.
constexpr int64_t kDeferredWeights = 65536;
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

std::vector<int64_t> first_rows_of_parts(const at::Tensor& x, const CutRule& rule) {
  const int64_t rows = x.size(0), each = rule.meet ? kRowsOfMeetingPart : kRowsOfPart;
  const int64_t parts = std::max<int64_t>(1, std::min({rule.most, rows / each, x.numel() / kNumbersOfPart}));
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
  of_part_.push_back(std::move(copies));
}

PartedNet::~PartedNet() = default;

std::vector<int64_t> PartedNet::cut(const at::Tensor& x) {
  std::vector<int64_t> first = first_rows_of_parts(x, rule_);
  const size_t parts = first.size() - 1;
  if (team_ && team_->parts() >= parts) return first;
  if (affordable_threads(parts) < parts && parts > 1) {
    spdlog::warn(
        "the system gives this program few threads (ulimit -u, or a container's limit): batches are computed in one "
        "piece, and the weights will differ a little from those of a run with more");
    rule_.most = 1;
    return cut(x);
  }
  while (of_part_.size() < parts) {
    std::vector<Module> others;
    for (const Module& stage : of_part_[0]) {
      others.push_back(with_own_places(stage));
      own_buffers(others.back());
    }
    of_part_.push_back(std::move(others));
  }
  team_.reset();
  team_ = std::make_unique<PartTeam>(std::max(parts, lanes_), lanes_, one_core());
  return first;
}

PartedBatch PartedNet::begin(const StepBatch& step) {
  const std::vector<int64_t> first = cut(step.x);
  PartedBatch batch{*team_, first, step.seed, {}};
  batch.exchange.resize(batch.parts());
  for (const Weight& weight : trained_)
    if (weight.deferred)
      batch.dense.push_back(
          {weight.used, weight.original, std::vector<std::vector<DeferredDense::Factors>>(batch.parts())});
  team_->for_each(trained_.size(), [&](size_t i) {
    const at::NoGradGuard no_grad;
    const Weight& weight = trained_[i];
    if (!weight.used.is_same(weight.original)) weight.used.detach().copy_(weight.original);
  });
  return batch;
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
  team_->run(batch.parts(), [&](size_t part) {
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
  sum_gradients(gradients, factor);
  multiply_deferred(batch, factor);
  return {tree_sum(losses), at::cat(logits), forward_share(clocks)};
}

void PartedNet::sum_gradients(const std::vector<Gradients>& of_part, double factor) {
  team_->for_each(trained_.size(), [&](size_t i) {
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> terms;
    for (const Gradients& gradients : of_part)
      if (gradients[i].defined()) terms.push_back(gradients[i].to(at::kFloat));
    if (terms.empty()) return;
    at::Tensor sum = tree_sum(std::move(terms));
    if (factor != 1) sum.mul_(factor);
    at::Tensor& gradient = trained_[i].original.mutable_grad();
    if (gradient.defined())
      gradient.add_(sum);
    else
      gradient = std::move(sum);
  });
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
  team_->run(batch.parts(), [&](size_t part) {
    const at::NoGradGuard no_grad;
    const PartScope scope(batch, part);
    losses[part] = (loss(logits_of(scope, step), scope.rows_of(step.labels)) * scope.share()).to(at::kDouble);
  });
  return tree_sum(losses);
}

at::Tensor PartedNet::evaluate(const at::Tensor& x) {
  const OneComputeThread alone;
  const std::vector<int64_t> first = cut(x);
  std::vector<at::Tensor> logits(first.size() - 1);
  team_->run(logits.size(), [&](size_t part) {
    const at::NoGradGuard no_grad;
    const at::Tensor rows = x.narrow(0, first[part], first[part + 1] - first[part]);
    logits[part] = run_stages(plan_.stages, rows).to(at::kFloat);
  });
  return at::cat(logits);
}

}  // namespace cvtool
