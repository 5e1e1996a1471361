// Loops over values by channel, the channels innermost in memory: what batch norm is made of.
#pragma once

#include <cstdint>

namespace cvtool {

// T is float or c10::BFloat16. Everything is computed in float32, sums in float64.
template <class T>
struct ChannelRows {
  const T* values = nullptr;  // [count,channels]
  int64_t count = 0, channels = 0;
};

// Adds to sums[c] and squares[c] those of x - shift[c].
template <class T>
void add_sums(const ChannelRows<T>& x, const float* shift, double* sums, double* squares);

// Adds to sums[c] the gradients, and to products[c] those of gradient * (x - shift[c]).
template <class T>
void add_products(const ChannelRows<T>& gradient, const T* x, const float* shift, double* sums, double* products);

// y = scale[c] * x + offset[c]
template <class T>
void scale_rows(const ChannelRows<T>& x, const float* scale, const float* offset, T* y);

// y = scale[c] * gradient + slope[c] * x + offset[c]
template <class T>
void combine_rows(const ChannelRows<T>& gradient, const T* x, const float* scale, const float* slope,
                  const float* offset, T* y);

}  // namespace cvtool
