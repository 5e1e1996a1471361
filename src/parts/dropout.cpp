#include <ATen/ATen.h>

#include "base/random.h"
#include "parts/operators.h"
#include "parts/scope.h"

namespace cvtool {
namespace {

// 0 where a value is dropped, else 1 / (1 - rate); of one row, in the order of memory.
void draw_row(float* mask, int64_t count, double rate, const std::array<uint32_t, 4>& first, uint64_t seed) {
  const auto dropped = static_cast<uint32_t>(rate * 4294967296.0);
  const auto kept = static_cast<float>(1 / (1 - rate));
  const std::array<uint32_t, 2> key{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  std::array<uint32_t, 4> counter = first;
  for (int64_t i = 0; i < count; i += 4, ++counter[0]) {
    const auto bits = philox(counter, key);
    for (int64_t k = 0; k < 4 && i + k < count; ++k) mask[i + k] = bits[static_cast<size_t>(k)] < dropped ? 0.F : kept;
  }
}

// A device draws for all rows of the batch, and each process takes those of its own.
at::Tensor dropped_on_device(const at::Tensor& x, double rate, PartScope& scope) {
  const int64_t of_row = x.size(0) / scope.rows();
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes[0] = of_row * scope.batch().rows();
  at::Tensor kept = at::empty(sizes, x.options().dtype(at::kFloat)).uniform_() >= rate;
  kept = kept.narrow(0, of_row * scope.first_row(), x.size(0));
  return x * kept * (1 / (1 - rate));
}

}  // namespace

at::Tensor dropout_of_parts(const at::Tensor& x, double rate, bool training) {
  PartScope* const scope = PartScope::current();
  if (!scope || !training || rate <= 0 || rate >= 1) return at::dropout(x, rate, training);
  if (!x.is_cpu()) return dropped_on_device(x, rate, *scope);
  const at::Tensor values =
      x.is_non_overlapping_and_dense() && x.stride(0) * x.size(0) == x.numel() ? x : x.contiguous();
  at::Tensor mask = at::empty_like(values, at::kFloat);
  const int64_t count = values.numel() / values.size(0);
  const auto draw = static_cast<uint32_t>(scope->next_draw());
  for (int64_t row = 0; row < values.size(0); ++row)
    draw_row(mask.data_ptr<float>() + row * count, count, rate,
             {0, static_cast<uint32_t>(scope->first_row() + row), draw, 0}, scope->batch().seed);
  return values * mask.to(values.scalar_type());
}

}  // namespace cvtool
