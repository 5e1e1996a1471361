// Shapes of feature maps and the padding arithmetic of convolutions and poolings.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

// Shape of one sample: {channels, height, width} of a tensor [N,C,h,w], {channels, tokens} of a tensor [N,T,C], or
// {features} of a tensor [N,D].
using Shape = std::vector<int64_t>;

inline bool is_tokens(const Shape& shape) { return shape.size() == 2; }

// As Keras prints it: "(None, 64, 64, 32)", "(None, 197, 384)" or "(None, 6)".
std::string keras_shape_text(const Shape& shape);

// As messages print it: "32 channels of 64x64", "197 tokens of 384 channels" or "6 features".
std::string shape_text(const Shape& shape);

// A sliding window along height (index 0) and width (index 1).
struct Window {
  std::array<int64_t, 2> kernel{1, 1}, strides{1, 1}, dilation{1, 1};
  std::array<int64_t, 2> before{0, 0}, after{0, 0};  // padding: top and left, bottom and right
  std::array<int64_t, 2> output{0, 0};
  bool follows_size = false;  // the padding depends on the input's size (same, with strides)
  bool symmetric() const { return before == after; }
};

// What a layer's JSON says of its window; pairs are N or [height, width]; padding is "same", "valid", N,
// [height, width] or [top, bottom, left, right].
struct WindowSpec {
  Json kernel, strides, padding, dilation;
  bool ceil_mode = false;
};

// Whether each weight of the kernel meets the input in some position of the window, rather than padding in all.
bool every_tap_meets_input(const Window& window, const Shape& input);

// TensorFlow's rules: same -> out = ceil(n / stride), the odd pixel of padding at the bottom and right. Throws
// UsageError (starting with `place`) when a value is out of range or nothing would be left of the input.
Window window_from_spec(const WindowSpec& spec, const Shape& input, const std::string& place);

// N or [height, width], each from `low` to 65536. Throws UsageError naming `place`.
std::array<int64_t, 2> pair_from_json(const Json& json, int64_t low, const std::string& place);

}  // namespace cvtool
