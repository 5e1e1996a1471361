#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "parts/channel_kernels.h"
#include "parts/operators.h"
#include "parts/scope.h"

namespace cvtool {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// With the channels innermost in memory.
at::Tensor by_rows(const at::Tensor& x) {
  return x.dim() == 4 ? x.contiguous(at::MemoryFormat::ChannelsLast) : x.contiguous();
}

template <class T>
ChannelRows<T> rows_of(const at::Tensor& x) {
  return {x.data_ptr<T>(), x.numel() / x.size(1), x.size(1)};
}

template <class Call>
void by_type(const at::Tensor& x, const Call& call) {
  if (x.scalar_type() == at::kBFloat16)
    call(c10::BFloat16());
  else
    call(float());
}

at::Tensor doubles(at::IntArrayRef sizes) { return at::zeros(sizes, at::kDouble); }

// [3,C] f64: number of values, their sum, the sum of their squares, of all parts together.
at::Tensor moments(const at::Tensor& x, PartScope& scope) {
  const int64_t channels = x.size(1), count = x.numel() / channels;
  const at::Tensor m = doubles({3, channels});
  if (count > 0) {
    // About the first value of each channel: squares of what is far from zero would lose the variance.
    std::vector<float> shift(static_cast<size_t>(channels));
    auto* sum = m[1].data_ptr<double>();
    auto* square = m[2].data_ptr<double>();
    by_type(x, [&](auto type) {
      const auto rows = rows_of<decltype(type)>(x);
      for (int64_t c = 0; c < channels; ++c) shift[static_cast<size_t>(c)] = static_cast<float>(rows.values[c]);
      add_sums(rows, shift.data(), sum, square);
    });
    const auto n = static_cast<double>(count);
    for (int64_t c = 0; c < channels; ++c) {
      const double by = shift[static_cast<size_t>(c)], near = sum[c];
      sum[c] = near + n * by;
      square[c] += 2 * by * near + n * by * by;
    }
    m[0].fill_(n);
  }
  return scope.sum_over_parts(m);
}

struct Statistics {
  at::Tensor mean, variance, inverse;  // [C] f32; of all values, biased; 1 / sqrt(variance + epsilon)
  double count = 0;
};

Statistics statistics_of(const at::Tensor& m, double epsilon) {
  const double count = m[0][0].item<double>();
  const at::Tensor mean = m[1] / count;
  const at::Tensor variance = (m[2] / count - mean * mean).clamp_min(0);
  return {mean.to(at::kFloat), variance.to(at::kFloat), (variance + epsilon).rsqrt().to(at::kFloat), count};
}

at::Tensor or_ones(const OptionalTensor& weight, int64_t channels) {
  return weight ? weight->detach().to(at::kFloat).contiguous() : at::ones({channels});
}

// Batch norm in training whose statistics are those of the whole batch (Ioffe and Szegedy 2015, arXiv 1502.03167,
// algorithm 1 and the gradients below it), as one part of it computes it.
struct BatchNormOfParts : torch::autograd::Function<BatchNormOfParts> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const OptionalTensor& weight,
                            const OptionalTensor& bias, const OptionalTensor& running_mean,
                            const OptionalTensor& running_variance, double momentum, double epsilon) {
    const at::Tensor x = by_rows(input);
    const int64_t channels = x.size(1);
    const Statistics s = statistics_of(moments(x, *PartScope::current()), epsilon);
    if (running_mean && running_variance) {
      running_mean->mul_(1 - momentum).add_(s.mean, momentum);
      running_variance->mul_(1 - momentum).add_(s.variance, momentum * s.count / std::max(1., s.count - 1));
    }
    const at::Tensor scale = or_ones(weight, channels) * s.inverse;
    at::Tensor offset = -s.mean * scale;
    if (bias) offset = offset + bias->detach();
    at::Tensor y = at::empty_like(x);
    by_type(x, [&](auto type) {
      using T = decltype(type);
      scale_rows(rows_of<T>(x), scale.data_ptr<float>(), offset.data_ptr<float>(), y.data_ptr<T>());
    });
    context->save_for_backward({x, scale, s.mean, s.inverse});
    context->saved_data["count"] = s.count;
    context->saved_data["weight"] = weight.has_value();
    context->saved_data["bias"] = bias.has_value();
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor &scale = saved[1], &mean = saved[2], &inverse = saved[3];
    const double count = context->saved_data["count"].toDouble();
    const at::Tensor g = by_rows(gradients.at(0).to(x.scalar_type()));
    const int64_t channels = x.size(1);
    const at::Tensor mine = doubles({2, channels});
    by_type(x, [&](auto type) {
      using T = decltype(type);
      add_products(rows_of<T>(g), x.data_ptr<T>(), mean.data_ptr<float>(), mine[0].data_ptr<double>(),
                   mine[1].data_ptr<double>());
    });
    // Of weight and bias each part gives its own share; they are summed with the other gradients.
    const at::Tensor of_bias = mine[0].to(at::kFloat), of_weight = (mine[1] * inverse).to(at::kFloat);
    const at::Tensor all = PartScope::current()->sum_over_parts(mine);
    // dx = w * inverse * (g - mean(g) - (x - mean) * inverse^2 * mean(g * (x - mean)))
    const at::Tensor slope = (-scale * inverse.square() * (all[1] / count)).to(at::kFloat);
    const at::Tensor offset = (-scale * (all[0] / count) - slope * mean).to(at::kFloat);
    at::Tensor dx = at::empty_like(x);
    by_type(x, [&](auto type) {
      using T = decltype(type);
      const Combination by{scale.data_ptr<float>(), slope.data_ptr<float>(), offset.data_ptr<float>()};
      combine_rows(rows_of<T>(g), x.data_ptr<T>(), by, dx.data_ptr<T>());
    });
    const auto given = [context](const char* name) { return context->saved_data[name].toBool(); };
    return {dx, given("weight") ? of_weight : at::Tensor(), given("bias") ? of_bias : at::Tensor(), {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor batch_norm_of_parts(const at::Tensor& x, const OptionalTensor& weight, const OptionalTensor& bias,
                               const OptionalTensor& running_mean, const OptionalTensor& running_variance,
                               bool training, double momentum, double epsilon, bool cudnn) {
  const bool known =
      (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) && (x.dim() == 2 || x.dim() == 4);
  if (!training || !known)
    return at::batch_norm(x, weight, bias, running_mean, running_variance, training, momentum, epsilon, cudnn);
  return BatchNormOfParts::apply(x, weight, bias, running_mean, running_variance, momentum, epsilon);
}

}  // namespace cvtool
