// Mixed precision: which operations are rounded and which are not is as on a GPU, by LibTorch's lists.
#include <ATen/autocast_mode.h>
#include <torch/library.h>

namespace standin {
namespace {

using namespace at::autocast;  // what the macros name
using at::Scalar;
using at::Tensor;

TORCH_LIBRARY_IMPL(_, AutocastPrivateUse1, m) { m.fallback(torch::CppFunction::makeFallthrough()); }

#define STANDIN_ROUNDED(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, lower_precision_fp)
#define STANDIN_EXACT(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, fp32)
#define STANDIN_EXACT_RESULT(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, fp32_set_opt_dtype)
#define STANDIN_WIDEST(...) KERNEL_PRIVATEUSEONE(__VA_ARGS__, promote)

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc++20-extensions"  // what LibTorch's macros pass on is empty at times
TORCH_LIBRARY_IMPL(aten, AutocastPrivateUse1, m) {
  AT_FORALL_LOWER_PRECISION_FP(STANDIN_ROUNDED)
  AT_FORALL_FP32(STANDIN_EXACT)
  AT_FORALL_FP32_SET_OPT_DTYPE(STANDIN_EXACT_RESULT)
  AT_FORALL_PROMOTE(STANDIN_WIDEST)
}
#pragma clang diagnostic pop

}  // namespace
}  // namespace standin
