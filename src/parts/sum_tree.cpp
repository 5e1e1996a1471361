#include "parts/sum_tree.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "dist/ranks.h"

namespace cvtool {

at::Tensor tree_sum(std::vector<at::Tensor> terms) {
  at::NoGradGuard no_grad;
  for (size_t stride = 1; stride < terms.size(); stride *= 2)
    for (size_t i = 0; i + stride < terms.size(); i += 2 * stride)
      if (terms[i + stride].defined()) terms[i].add_(terms[i + stride]);
  return terms.at(0);
}

std::vector<PartRun> branches_of(const PartRun& run, int64_t parts) {
  std::vector<PartRun> branches;
  for (int64_t first = run.first; first < run.end; first = branches.back().end) {
    const auto end_of = [&](int64_t size) { return std::min(first + size, parts); };
    int64_t size = 1;
    while (end_of(size) < parts && first % (2 * size) == 0 && end_of(2 * size) <= run.end) size *= 2;
    branches.push_back({first, end_of(size)});
  }
  return branches;
}

PartDeal::PartDeal(int64_t parts, Ranks* ranks) : parts_(parts), own_{0, parts} {
  if (!ranks || static_cast<int64_t>(ranks->size()) > parts) return;
  ranks_ = ranks;
  own_ = run_of(ranks->rank());
}

PartRun PartDeal::run_of(size_t rank) const {
  const auto r = static_cast<int64_t>(rank), n = static_cast<int64_t>(ranks_->size());
  return {r * parts_ / n, (r + 1) * parts_ / n};
}

at::Tensor PartDeal::sum(std::vector<at::Tensor> of_own) const {
  if (!shared()) return tree_sum(std::move(of_own));
  std::vector<at::Tensor> of_branch;
  for (const PartRun& branch : branches_of(own_, parts_))
    of_branch.push_back(
        tree_sum({of_own.begin() + (branch.first - own_.first), of_own.begin() + (branch.end - own_.first)}));
  return sum_of_branches(of_branch);
}

// of_rank[q] holds the sums over the branches of rank q, one behind the other.
at::Tensor PartDeal::add_up(const std::vector<at::Tensor>& of_rank) const {
  std::vector<at::Tensor> terms(static_cast<size_t>(parts_));
  for (size_t rank = 0; rank < of_rank.size(); ++rank) {
    const std::vector<PartRun> branches = branches_of(run_of(rank), parts_);
    const int64_t each = of_rank[rank].numel() / static_cast<int64_t>(branches.size());
    for (size_t i = 0; i < branches.size(); ++i)
      terms[static_cast<size_t>(branches[i].first)] = of_rank[rank].narrow(0, static_cast<int64_t>(i) * each, each);
  }
  // Not into what is sent at this moment, or was given.
  terms[0] = terms[0].clone();
  return tree_sum(std::move(terms));
}

at::Tensor PartDeal::sum_of_branches(const std::vector<at::Tensor>& of_branch) const {
  constexpr int64_t kLarge = 1 << 14;  // numbers, of which each rank adds up its share for all
  at::NoGradGuard no_grad;
  const int64_t numbers = of_branch[0].numel();
  const size_t ranks = ranks_->size(), me = ranks_->rank();
  std::vector<int64_t> branches;
  for (size_t rank = 0; rank < ranks; ++rank)
    branches.push_back(static_cast<int64_t>(branches_of(run_of(rank), parts_).size()));
  const bool in_shares = numbers >= kLarge;
  const auto edge = [&](size_t share) { return static_cast<int64_t>(share) * numbers / static_cast<int64_t>(ranks); };
  const auto share_of = [&](size_t rank) {
    return in_shares ? PartRun{edge(rank), edge(rank + 1)} : PartRun{0, numbers};
  };
  const auto pieces_of = [&](const PartRun& share) {
    std::vector<at::Tensor> pieces;
    for (const at::Tensor& branch : of_branch)
      pieces.push_back(branch.reshape(-1).narrow(0, share.first, share.count()));
    return at::cat(pieces);
  };
  std::vector<at::Tensor> to(ranks), from(ranks);
  for (size_t rank = 0; rank < ranks; ++rank) {
    to[rank] = in_shares || rank == 0 ? pieces_of(share_of(rank)) : to[0];
    from[rank] = rank == me ? to[rank] : at::empty({branches[rank] * share_of(me).count()}, to[0].options());
  }
  ranks_->exchange(to, from);
  at::Tensor total = add_up(from);
  if (in_shares) {
    std::vector<int64_t> sizes;
    for (size_t rank = 0; rank < ranks; ++rank) sizes.push_back(share_of(rank).count());
    total = at::cat(ranks_->gather(total, sizes));
  }
  return total.view(of_branch[0].sizes());
}

std::vector<at::Tensor> PartDeal::sums_of_branches(std::vector<std::vector<at::Tensor>> sums) const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> in_one_piece;
  for (const std::vector<at::Tensor>& of_branch : sums) {
    std::vector<at::Tensor> flat;
    for (const at::Tensor& sum : of_branch)
      if (sum.defined()) flat.push_back(sum.reshape(-1));
    if (flat.empty()) return std::move(sums[0]);
    in_one_piece.push_back(at::cat(flat));
  }
  const at::Tensor total = sum_of_branches(in_one_piece);
  int64_t place = 0;
  for (at::Tensor& sum : sums[0]) {
    if (!sum.defined()) continue;
    sum.copy_(total.narrow(0, place, sum.numel()).view(sum.sizes()));
    place += sum.numel();
  }
  return std::move(sums[0]);
}

}  // namespace cvtool
