// Loops over values by channel, the channels innermost in memory: what batch norm is made of.
#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>

namespace cvtool {

// Everything is computed in float32, sums in float64.

template <class T>
struct ChannelRows {
  const T* values = nullptr;  // [count,channels]
  int64_t count = 0, channels = 0;
};

// Adds to sums[c] and squares[c] those of x - shift[c].
void add_sums(const ChannelRows<float>& x, const float* shift, double* sums, double* squares);
void add_sums(const ChannelRows<c10::BFloat16>& x, const float* shift, double* sums, double* squares);

// Adds to sums[c] the gradients, and to products[c] those of gradient * (x - shift[c]).
void add_products(const ChannelRows<float>& gradient, const float* x, const float* shift, double* sums,
                  double* products);
void add_products(const ChannelRows<c10::BFloat16>& gradient, const c10::BFloat16* x, const float* shift, double* sums,
                  double* products);

// y = scale[c] * x + offset[c]
void scale_rows(const ChannelRows<float>& x, const float* scale, const float* offset, float* y);
void scale_rows(const ChannelRows<c10::BFloat16>& x, const float* scale, const float* offset, c10::BFloat16* y);

// What a gradient and the values that it belongs to are multiplied with, by channel, and what is added.
struct Combination {
  const float *of_gradient, *of_x, *offset;
};

// y = of_gradient[c] * gradient + of_x[c] * x + offset[c]
void combine_rows(const ChannelRows<float>& gradient, const float* x, const Combination& by, float* y);
void combine_rows(const ChannelRows<c10::BFloat16>& gradient, const c10::BFloat16* x, const Combination& by,
                  c10::BFloat16* y);

}  // namespace cvtool
