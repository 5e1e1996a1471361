#include "model/shape.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {

std::string keras_shape_text(const Shape& shape) {
  std::string out = "(None";
  if (shape.size() == 3)
    return out + ", " + std::to_string(shape[1]) + ", " + std::to_string(shape[2]) + ", " + std::to_string(shape[0]) +
           ")";
  if (is_tokens(shape)) return out + ", " + std::to_string(shape[1]) + ", " + std::to_string(shape[0]) + ")";
  for (int64_t n : shape) out += ", " + std::to_string(n);
  return out + ")";
}

std::string shape_text(const Shape& shape) {
  if (shape.size() == 3)
    return counted(shape[0], "channel") + " of " + std::to_string(shape[1]) + "x" + std::to_string(shape[2]);
  if (is_tokens(shape)) return counted(shape[1], "token") + " of " + counted(shape[0], "channel");
  return counted(shape.at(0), "feature");
}

std::array<int64_t, 2> pair_from_json(const Json& json, int64_t low, const std::string& place) {
  std::array<int64_t, 2> pair{};
  if (json.is_number_integer()) {
    pair = {json.get<int64_t>(), json.get<int64_t>()};
  } else if (json.is_array() && json.size() == 2 && json[0].is_number_integer() && json[1].is_number_integer()) {
    pair = {json[0].get<int64_t>(), json[1].get<int64_t>()};
  } else {
    throw UsageError(place + ": must be an integer or [height, width], not " + json.dump());
  }
  constexpr int64_t kMost = 1 << 16;  // no picture is larger
  if (pair[0] < low || pair[1] < low || pair[0] > kMost || pair[1] > kMost)
    throw UsageError(place + ": " + json.dump() + " is out of range; it must be from " + std::to_string(low) + " to " +
                     std::to_string(kMost));
  return pair;
}

namespace {

void set_padding(const Json& padding, const Shape& input, const std::string& place, Window& window) {
  if (padding == "valid") return;
  if (padding == "same") {
    window.follows_size = window.strides[0] > 1 || window.strides[1] > 1;
    for (size_t axis = 0; axis < 2; ++axis) {
      const int64_t n = input[axis + 1], span = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
      const int64_t out = (n + window.strides[axis] - 1) / window.strides[axis];
      const int64_t total = std::max<int64_t>((out - 1) * window.strides[axis] + span - n, 0);
      window.before[axis] = total / 2;
      window.after[axis] = total - total / 2;
    }
    return;
  }
  if (padding.is_string())
    throw UsageError(place + "padding: " + unknown_word("value", padding.get<std::string>(), {"same", "valid"}));
  if (padding.is_array() && padding.size() == 4) {
    for (const auto& side : padding)
      if (!side.is_number_integer() || side.get<int64_t>() < 0 || side.get<int64_t>() > 1 << 16)
        throw UsageError(place + "padding: must be four integers [top, bottom, left, right] from 0 to 65536, not " +
                         padding.dump());
    window.before = {padding[0].get<int64_t>(), padding[2].get<int64_t>()};
    window.after = {padding[1].get<int64_t>(), padding[3].get<int64_t>()};
    return;
  }
  window.before = window.after = pair_from_json(padding, 0, place + "padding");
}

}  // namespace

bool every_tap_meets_input(const Window& window, const Shape& input) {
  for (size_t axis = 0; axis < 2; ++axis)
    for (int64_t tap = 0; tap < window.kernel[axis]; ++tap) {
      bool meets = false;
      for (int64_t i = 0; i < window.output[axis] && !meets; ++i) {
        const int64_t at = i * window.strides[axis] + tap * window.dilation[axis] - window.before[axis];
        meets = at >= 0 && at < input[axis + 1];
      }
      if (!meets) return false;
    }
  return true;
}

Window window_from_spec(const WindowSpec& spec, const Shape& input, const std::string& place) {
  if (input.size() != 3)
    throw UsageError(place + "needs a feature map [channels, height, width], but its input is " + shape_text(input) +
                     "; put it before the flatten or global pooling layer");
  Window window;
  window.kernel = pair_from_json(spec.kernel, 1, place + "kernel");
  window.strides = pair_from_json(spec.strides, 1, place + "strides");
  window.dilation = pair_from_json(spec.dilation, 1, place + "dilation");
  set_padding(spec.padding, input, place, window);
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t span = (window.kernel[axis] - 1) * window.dilation[axis] + 1, stride = window.strides[axis];
    const int64_t room = input[axis + 1] + window.before[axis] + window.after[axis] - span;
    if (room < 0)
      throw UsageError(place + "the window of " + std::to_string(window.kernel[0]) + "x" +
                       std::to_string(window.kernel[1]) + " does not fit its input of " + shape_text(input) +
                       "; use a larger --imgsz or fewer layers that shrink the picture");
    window.output[axis] = room / stride + 1;
    // LibTorch's ceil_mode: a last window may hang over the end, but must start inside input or left padding.
    if (spec.ceil_mode && room % stride != 0 && window.output[axis] * stride < input[axis + 1] + window.before[axis])
      ++window.output[axis];
  }
  return window;
}

}  // namespace cvtool
