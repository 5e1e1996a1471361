#include "explain/receptive_field.h"

#include <algorithm>

namespace cvtool {

bool operator==(const ReceptiveField& a, const ReceptiveField& b) {
  return a.whole == b.whole && (a.whole || (a.first == b.first && a.size == b.size && a.stride == b.stride));
}

ReceptiveField through_window(const ReceptiveField& input, const Window& window) {
  ReceptiveField output = input;
  if (input.whole) return output;
  for (size_t axis = 0; axis < 2; ++axis) {
    output.first[axis] = input.first[axis] - window.before[axis] * input.stride[axis];
    output.size[axis] = input.size[axis] + (window.kernel[axis] - 1) * window.dilation[axis] * input.stride[axis];
    output.stride[axis] = input.stride[axis] * window.strides[axis];
  }
  return output;
}

ReceptiveField united(const ReceptiveField& a, const ReceptiveField& b) {
  if (a.whole) return a;
  if (b.whole) return b;
  ReceptiveField both = a;
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t end = std::max(a.first[axis] + a.size[axis], b.first[axis] + b.size[axis]);
    both.first[axis] = std::min(a.first[axis], b.first[axis]);
    both.size[axis] = end - both.first[axis];
    both.stride[axis] = std::max(a.stride[axis], b.stride[axis]);
  }
  return both;
}

}  // namespace cvtool
