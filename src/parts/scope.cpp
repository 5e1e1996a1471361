#include "parts/scope.h"

namespace cvtool {
namespace {

thread_local PartScope* current_scope = nullptr;

}  // namespace

PartScope::PartScope(PartedBatch& batch, size_t part) : batch_(batch), part_(part) { current_scope = this; }

PartScope::~PartScope() { current_scope = nullptr; }

PartScope* PartScope::current() { return current_scope; }

at::Tensor PartScope::sum_over_parts(const at::Tensor& mine) {
  if (batch_.deal.parts() == 1) return mine;
  batch_.exchange[part_] = mine;
  const auto add_up = [this] { batch_.total = batch_.deal.sum(batch_.exchange); };
  if (batch_.team)
    batch_.team->meet(part_, add_up);
  else
    add_up();
  // The next meeting, which changes the sum, waits for this part.
  return batch_.total;
}

}  // namespace cvtool
