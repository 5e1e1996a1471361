// The order in which what the parts of a batch give is added up: along a binary tree over their places, whoever
// computes them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace cvtool {

class Ranks;

// Parts that follow each other: first .. end - 1.
struct PartRun {
  int64_t first = 0, end = 0;
  int64_t count() const { return end - first; }
};

// The sum of `terms` along a binary tree over their places: ((0+1)+(2+3))+... The first is changed. A term that stands
// for those behind it, a whole branch, has undefined ones there.
at::Tensor tree_sum(std::vector<at::Tensor> terms);

// The run's largest whole branches of the tree over `parts` places, in order.
std::vector<PartRun> branches_of(const PartRun& run, int64_t parts);

// Which parts of a batch each process computes: as many as there are parts, or all of them where there are fewer parts
// than processes.
class PartDeal {
 public:
  PartDeal() = default;
  // `ranks` may be null: one process. It outlives this.
  PartDeal(int64_t parts, Ranks* ranks);

  int64_t parts() const { return parts_; }
  const PartRun& own() const { return own_; }
  bool shared() const { return ranks_ != nullptr; }  // others compute the rest
  Ranks& ranks() const { return *ranks_; }
  PartRun run_of(size_t rank) const;

  // The sum over all parts, the same for all ranks and for one process, of what each own part gives: tensors of the
  // same sizes and type everywhere. The first is changed.
  at::Tensor sum(std::vector<at::Tensor> of_own) const;
  // The same of sums over the own branches.
  at::Tensor sum_of_branches(const std::vector<at::Tensor>& of_branch) const;
  // The same of several tensors, sums[branch][i], all of them told in one piece. Some may be undefined, the same ones
  // in every branch and rank.
  std::vector<at::Tensor> sums_of_branches(std::vector<std::vector<at::Tensor>> sums) const;

 private:
  at::Tensor add_up(const std::vector<at::Tensor>& of_rank) const;

  int64_t parts_ = 1;
  PartRun own_{0, 1};
  Ranks* ranks_ = nullptr;
};

}  // namespace cvtool
