#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

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

// All dimensions but the channels'.
std::vector<int64_t> dimensions_of_values(const at::Tensor& x) {
  return x.dim() == 4 ? std::vector<int64_t>{0, 2, 3} : std::vector<int64_t>{0};
}

// [C] as what is multiplied with each value of a channel.
at::Tensor for_values(const at::Tensor& of_channel, const at::Tensor& x) {
  return x.dim() == 4 ? of_channel.view({-1, 1, 1}) : of_channel;
}

// [2,C] f64: the sum of a channel's values and of their squares.
at::Tensor moments_on_device(const at::Tensor& x) {
  const auto [variance, mean] = at::var_mean(x.to(at::kFloat), dimensions_of_values(x), /*unbiased=*/false);
  const auto n = static_cast<double>(x.numel() / x.size(1));
  const at::Tensor about = mean.to(at::kDouble);
  return at::stack({about * n, (variance.to(at::kDouble) + about.square()) * n});
}

at::Tensor moments_on_processor(const at::Tensor& x) {
  const int64_t channels = x.size(1), count = x.numel() / channels;
  const at::Tensor m = doubles({2, channels});
  if (count > 0) {
    // About the first value of each channel: squares of what is far from zero would lose the variance.
    std::vector<float> shift(static_cast<size_t>(channels));
    auto* sum = m[0].data_ptr<double>();
    auto* square = m[1].data_ptr<double>();
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
  }
  return m;
}

struct Statistics {
  at::Tensor mean, variance, inverse;  // [C] f32; of all values, biased; 1 / sqrt(variance + epsilon)
  double count = 0;
};

// Of all parts together.
Statistics statistics_of(const at::Tensor& x, double epsilon, PartScope& scope) {
  const auto count = static_cast<double>(x.numel() / scope.rows() * scope.batch().rows() / x.size(1));
  const at::Tensor m = scope.sum_over_parts(x.is_cpu() ? moments_on_processor(x) : moments_on_device(x));
  const at::Tensor mean = m[0] / count;
  const at::Tensor variance = (m[1] / count - mean * mean).clamp_min(0);
  return {mean.to(at::kFloat), variance.to(at::kFloat), (variance + epsilon).rsqrt().to(at::kFloat), count};
}

at::Tensor or_ones(const OptionalTensor& weight, const at::Tensor& like) {
  return weight ? weight->detach().to(at::kFloat).contiguous() : at::ones_like(like);
}

// x * scale + offset, of each channel.
at::Tensor scaled(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& offset) {
  if (!x.is_cpu())
    return at::addcmul(for_values(offset, x), x.to(at::kFloat), for_values(scale, x)).to(x.scalar_type());
  at::Tensor y = at::empty_like(x);
  by_type(x, [&](auto type) {
    using T = decltype(type);
    scale_rows(rows_of<T>(x), scale.data_ptr<float>(), offset.data_ptr<float>(), y.data_ptr<T>());
  });
  return y;
}

// [2,C] f64: the sum of a channel's gradients, and of their products with x - mean.
at::Tensor products(const at::Tensor& g, const at::Tensor& x, const at::Tensor& mean) {
  if (!x.is_cpu()) {
    const at::Tensor wide = g.to(at::kFloat);
    const at::Tensor of_x = wide * (x.to(at::kFloat) - for_values(mean, x));
    const auto sum = [&](const at::Tensor& t) { return t.sum(dimensions_of_values(x)).to(at::kDouble); };
    return at::stack({sum(wide), sum(of_x)});
  }
  const at::Tensor sums = doubles({2, x.size(1)});
  by_type(x, [&](auto type) {
    using T = decltype(type);
    add_products(rows_of<T>(g), x.data_ptr<T>(), mean.data_ptr<float>(), sums[0].data_ptr<double>(),
                 sums[1].data_ptr<double>());
  });
  return sums;
}

struct InputGradient {
  at::Tensor scale, slope, offset;  // [C] f32
};

// g * scale + x * slope + offset, of each channel.
at::Tensor combined(const at::Tensor& g, const at::Tensor& x, const InputGradient& by) {
  if (!x.is_cpu())
    return at::addcmul(at::addcmul(for_values(by.offset, x), x.to(at::kFloat), for_values(by.slope, x)),
                       g.to(at::kFloat), for_values(by.scale, x))
        .to(x.scalar_type());
  at::Tensor dx = at::empty_like(x);
  by_type(x, [&](auto type) {
    using T = decltype(type);
    const Combination each{by.scale.data_ptr<float>(), by.slope.data_ptr<float>(), by.offset.data_ptr<float>()};
    combine_rows(rows_of<T>(g), x.data_ptr<T>(), each, dx.data_ptr<T>());
  });
  return dx;
}

// Batch norm in training whose statistics are those of the whole batch (Ioffe and Szegedy 2015, arXiv 1502.03167,
// algorithm 1 and the gradients below it), as one part of it computes it.
struct BatchNormOfParts : torch::autograd::Function<BatchNormOfParts> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const OptionalTensor& weight,
                            const OptionalTensor& bias, const OptionalTensor& running_mean,
                            const OptionalTensor& running_variance, double momentum, double epsilon) {
    const at::Tensor x = by_rows(input);
    PartScope* const scope = PartScope::current();
    const Statistics s = statistics_of(x, epsilon, *scope);
    if (running_mean && running_variance) {
      running_mean->mul_(1 - momentum).add_(s.mean, momentum);
      running_variance->mul_(1 - momentum).add_(s.variance, momentum * s.count / std::max(1., s.count - 1));
    }
    const at::Tensor scale = or_ones(weight, s.inverse) * s.inverse;
    at::Tensor offset = -s.mean * scale;
    if (bias) offset = offset + bias->detach();
    context->save_for_backward({x, scale, s.mean, s.inverse});
    context->saved_data["count"] = s.count;
    // The way back of a device is gone by a thread of LibTorch's.
    context->saved_data["scope"] = reinterpret_cast<int64_t>(scope);
    context->saved_data["weight"] = weight.has_value();
    context->saved_data["bias"] = bias.has_value();
    return scaled(x, scale, offset);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor &scale = saved[1], &mean = saved[2], &inverse = saved[3];
    const double count = context->saved_data["count"].toDouble();
    auto& scope = *reinterpret_cast<PartScope*>(context->saved_data["scope"].toInt());
    const at::Tensor g = by_rows(gradients.at(0).to(x.scalar_type()));
    const at::Tensor mine = products(g, x, mean);
    // Of weight and bias each part gives its own share; they are summed with the other gradients.
    const at::Tensor of_bias = mine[0].to(at::kFloat), of_weight = (mine[1] * inverse).to(at::kFloat);
    const at::Tensor all = scope.sum_over_parts(mine);
    // dx = w * inverse * (g - mean(g) - (x - mean) * inverse^2 * mean(g * (x - mean)))
    const at::Tensor slope = (-scale * inverse.square() * (all[1] / count)).to(at::kFloat);
    const at::Tensor offset = (-scale * (all[0] / count) - slope * mean).to(at::kFloat);
    const auto given = [context](const char* name) { return context->saved_data[name].toBool(); };
    return {combined(g, x, {scale, slope, offset}),
            given("weight") ? of_weight : at::Tensor(),
            given("bias") ? of_bias : at::Tensor(),
            {},
            {},
            {},
            {}};
  }
};

}  // namespace

at::Tensor batch_norm_of_parts(const at::Tensor& x, const OptionalTensor& weight, const OptionalTensor& bias,
                               const OptionalTensor& running_mean, const OptionalTensor& running_variance,
                               bool training, double momentum, double epsilon, bool cudnn) {
  PartScope* const scope = PartScope::current();
  // A device's own is faster where it has all rows.
  const bool known = x.is_cpu() ? x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16
                                : scope && scope->batch().deal.shared();
  if (!training || !known || (x.dim() != 2 && x.dim() != 4))
    return at::batch_norm(x, weight, bias, running_mean, running_variance, training, momentum, epsilon, cudnn);
  return BatchNormOfParts::apply(x, weight, bias, running_mean, running_variance, momentum, epsilon);
}

}  // namespace cvtool
