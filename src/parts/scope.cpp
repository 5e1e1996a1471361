#include "parts/scope.h"

#include <ATen/ATen.h>

namespace cvtool {
namespace {

thread_local PartScope* current_scope = nullptr;

}  // namespace

PartScope::PartScope(PartedBatch& batch, size_t part) : batch_(batch), part_(part) { current_scope = this; }

PartScope::~PartScope() { current_scope = nullptr; }

PartScope* PartScope::current() { return current_scope; }

at::Tensor PartScope::sum_over_parts(const at::Tensor& mine) {
  if (batch_.parts() == 1) return mine;
  batch_.exchange[part_] = mine;
  batch_.team.meet(part_, [this] { batch_.total = tree_sum(batch_.exchange); });
  // The next meeting, which changes the sum, waits for this part.
  return batch_.total;
}

at::Tensor tree_sum(std::vector<at::Tensor> terms) {
  at::NoGradGuard no_grad;
  for (size_t stride = 1; stride < terms.size(); stride *= 2)
    for (size_t i = 0; i + stride < terms.size(); i += 2 * stride) terms[i].add_(terms[i + stride]);
  return terms.at(0);
}

}  // namespace cvtool
