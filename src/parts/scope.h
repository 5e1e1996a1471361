// Which part of which batch a thread computes: what the operators of this room ask.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "parts/sum_tree.h"
#include "parts/team.h"

namespace cvtool {

// A large dense layer, whose weight's gradient is computed when all parts have left their factors: part by part it
// would be written as often as there are parts.
struct DeferredDense {
  struct Factors {
    at::Tensor input, gradient;  // [rows,features]; [rows,units], of the output
  };
  at::Tensor weight;                          // [units,features], as the parts use it
  at::Tensor original;                        // the parameter that it stands for
  std::vector<std::vector<Factors>> of_part;  // of all; one for each time that the layer is used
};

// What the parts of a batch share. Where several processes compute it, each has the rows of its own parts.
struct PartedBatch {
  PartTeam* team = nullptr;  // of the own parts; null where there is one, computed in the caller's thread
  PartDeal deal;
  std::vector<int64_t> first_rows;  // of each part of all, and the number of all rows behind the last
  uint64_t seed = 0;                // of what is drawn for it
  std::vector<DeferredDense> dense;
  std::vector<at::Tensor> exchange{};  // one place an own part: what is summed at a meeting
  at::Tensor total{};                  // the sum

  size_t parts() const { return static_cast<size_t>(deal.own().count()); }  // of this process
  int64_t rows() const { return first_rows.back(); }
  int64_t first_own_row() const { return first_rows[static_cast<size_t>(deal.own().first)]; }
};

// While alive, the thread computes one part of a batch.
class PartScope {
 public:
  PartScope(PartedBatch& batch, size_t part);
  ~PartScope();
  PartScope(const PartScope&) = delete;
  PartScope& operator=(const PartScope&) = delete;

  // The calling thread's; null outside of any.
  static PartScope* current();

  PartedBatch& batch() { return batch_; }
  size_t part() const { return part_; }                                                  // among the process's own
  size_t place() const { return static_cast<size_t>(batch_.deal.own().first) + part_; }  // among all
  int64_t first_row() const { return batch_.first_rows[place()]; }
  int64_t rows() const { return batch_.first_rows[place() + 1] - first_row(); }
  double share() const { return static_cast<double>(rows()) / static_cast<double>(batch_.rows()); }
  // The part's rows of those that the process has.
  at::Tensor rows_of(const at::Tensor& x) const { return x.narrow(0, first_row() - batch_.first_own_row(), rows()); }
  // 0, 1, ...: every part draws for the same layers in the same order.
  uint64_t next_draw() { return draws_++; }

  // The sum of what each part gives, by a fixed tree, the same for all of them; all must ask. Any shape and type.
  at::Tensor sum_over_parts(const at::Tensor& mine);

 private:
  PartedBatch& batch_;
  size_t part_;
  uint64_t draws_ = 0;
};

}  // namespace cvtool
