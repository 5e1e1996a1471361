#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "parts/operators.h"
#include "parts/scope.h"

namespace cvtool {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

DeferredDense* deferred(PartedBatch& batch, const at::Tensor& weight) {
  for (DeferredDense& dense : batch.dense)
    if (dense.weight.is_same(weight)) return &dense;
  return nullptr;
}

struct DenseOfParts : torch::autograd::Function<DenseOfParts> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const OptionalTensor& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["bias"] = bias.has_value();
    return at::linear(x, weight, bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor g = gradients.at(0).to(weight.scalar_type());
    PartScope& scope = *PartScope::current();
    deferred(scope.batch(), weight)
        ->of_part.at(scope.place())
        .push_back({x.reshape({-1, x.size(-1)}), g.reshape({-1, g.size(-1)})});
    const at::Tensor dx = context->needs_input_grad(0) ? g.matmul(weight) : at::Tensor();
    const bool bias = context->saved_data["bias"].toBool();
    return {dx, at::Tensor(), bias ? g.reshape({-1, g.size(-1)}).sum(0, false, at::kFloat) : at::Tensor()};
  }
};

}  // namespace

at::Tensor linear_of_parts(const at::Tensor& x, const at::Tensor& weight, const OptionalTensor& bias) {
  PartScope* const scope = PartScope::current();
  if (!scope || !at::GradMode::is_enabled() || !deferred(scope->batch(), weight)) return at::linear(x, weight, bias);
  return DenseOfParts::apply(x.to(weight.scalar_type()), weight, bias);
}

}  // namespace cvtool
