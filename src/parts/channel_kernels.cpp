#include "parts/channel_kernels.h"

#include <c10/util/BFloat16.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace cvtool {
namespace {

// As the bits say it: loops over these become vector instructions.
inline float to_float(float x) { return x; }
inline float to_float(c10::BFloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.x) << 16;
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline void store(float value, float& x) { x = value; }
// To the nearest, ties to even. A NaN stays one: its lowest bits do not carry into the sign.
inline void store(float value, c10::BFloat16& x) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  x.x = static_cast<uint16_t>(value == value ? rounded : 0x7fc0);
}

// Rows whose float32 sums are added to the float64 ones at once: few enough to lose nothing that matters.
constexpr int64_t kRows = 64;

// Calls add(first, one behind the last, sums, others) for stretches of rows, with float32 sums that begin at zero.
template <class Add>
[[gnu::always_inline]] inline void by_stretches(int64_t count, int64_t channels, double* sums, double* others,
                                                const Add& add) {
  std::vector<float> part(static_cast<size_t>(2 * channels));
  float* const a = part.data();
  float* const b = a + channels;
  for (int64_t first = 0; first < count; first += kRows) {
    std::fill(part.begin(), part.end(), 0.F);
    add(first, std::min(count, first + kRows), a, b);
    for (int64_t c = 0; c < channels; ++c) sums[c] += a[c];
    for (int64_t c = 0; c < channels; ++c) others[c] += b[c];
  }
}

template <class T>
[[gnu::always_inline]] inline void sum_up(const ChannelRows<T>& x, const float* shift, double* sums, double* squares) {
  const int64_t channels = x.channels;
  by_stretches(
      x.count, channels, sums, squares,
      [&](int64_t first, int64_t end, float* __restrict a, float* __restrict b) __attribute__((always_inline)) {
        for (int64_t row = first; row < end; ++row) {
          const T* const values = x.values + row * channels;
          for (int64_t c = 0; c < channels; ++c) {
            const float value = to_float(values[c]) - shift[c];
            a[c] += value;
            b[c] += value * value;
          }
        }
      });
}

template <class T>
[[gnu::always_inline]] inline void multiply_up(const ChannelRows<T>& gradient, const T* x, const float* shift,
                                               double* sums, double* products) {
  const int64_t channels = gradient.channels;
  by_stretches(
      gradient.count, channels, sums, products,
      [&](int64_t first, int64_t end, float* __restrict a, float* __restrict b) __attribute__((always_inline)) {
        for (int64_t row = first; row < end; ++row) {
          const T* const g = gradient.values + row * channels;
          const T* const values = x + row * channels;
          for (int64_t c = 0; c < channels; ++c) {
            const float value = to_float(g[c]);
            a[c] += value;
            b[c] += value * (to_float(values[c]) - shift[c]);
          }
        }
      });
}

template <class T>
[[gnu::always_inline]] inline void scale_by_channel(const ChannelRows<T>& x, const float* scale, const float* offset,
                                                    T* y) {
  for (int64_t row = 0; row < x.count; ++row) {
    const T* const values = x.values + row * x.channels;
    T* const __restrict out = y + row * x.channels;
    for (int64_t c = 0; c < x.channels; ++c) store(scale[c] * to_float(values[c]) + offset[c], out[c]);
  }
}

template <class T>
[[gnu::always_inline]] inline void combine_by_channel(const ChannelRows<T>& gradient, const T* x, const Combination& by,
                                                      T* y) {
  for (int64_t row = 0; row < gradient.count; ++row) {
    const T* const g = gradient.values + row * gradient.channels;
    const T* const values = x + row * gradient.channels;
    T* const __restrict out = y + row * gradient.channels;
    for (int64_t c = 0; c < gradient.channels; ++c)
      store(by.of_gradient[c] * to_float(g[c]) + by.of_x[c] * to_float(values[c]) + by.offset[c], out[c]);
  }
}

}  // namespace

// The loops above are put into these, which are compiled for two kinds of processors; the loader chooses.
#if defined(__x86_64__)
#define CVTOOL_FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define CVTOOL_FOR_EACH_PROCESSOR
#endif

CVTOOL_FOR_EACH_PROCESSOR
void add_sums(const ChannelRows<float>& x, const float* shift, double* sums, double* squares) {
  sum_up(x, shift, sums, squares);
}
CVTOOL_FOR_EACH_PROCESSOR
void add_sums(const ChannelRows<c10::BFloat16>& x, const float* shift, double* sums, double* squares) {
  sum_up(x, shift, sums, squares);
}
CVTOOL_FOR_EACH_PROCESSOR
void add_products(const ChannelRows<float>& gradient, const float* x, const float* shift, double* sums,
                  double* products) {
  multiply_up(gradient, x, shift, sums, products);
}
CVTOOL_FOR_EACH_PROCESSOR
void add_products(const ChannelRows<c10::BFloat16>& gradient, const c10::BFloat16* x, const float* shift, double* sums,
                  double* products) {
  multiply_up(gradient, x, shift, sums, products);
}
CVTOOL_FOR_EACH_PROCESSOR
void scale_rows(const ChannelRows<float>& x, const float* scale, const float* offset, float* y) {
  scale_by_channel(x, scale, offset, y);
}
CVTOOL_FOR_EACH_PROCESSOR
void scale_rows(const ChannelRows<c10::BFloat16>& x, const float* scale, const float* offset, c10::BFloat16* y) {
  scale_by_channel(x, scale, offset, y);
}
CVTOOL_FOR_EACH_PROCESSOR
void combine_rows(const ChannelRows<float>& gradient, const float* x, const Combination& by, float* y) {
  combine_by_channel(gradient, x, by, y);
}
CVTOOL_FOR_EACH_PROCESSOR
void combine_rows(const ChannelRows<c10::BFloat16>& gradient, const c10::BFloat16* x, const Combination& by,
                  c10::BFloat16* y) {
  combine_by_channel(gradient, x, by, y);
}

}  // namespace cvtool
