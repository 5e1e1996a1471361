#include "torch/matrix_rate.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include "base/loaded_libraries.h"
#include "base/measure.h"
#include "torch/blas_threads.h"
#include "torch/device.h"

namespace cvtool {
namespace {

// What stands behind `words` in `text` up to one of `ends`.
std::string text_behind(const std::string& text, const std::string& words, const char* ends) {
  const size_t at = text.find(words);
  if (at == std::string::npos) return "";
  const size_t begin = at + words.size();
  return text.substr(begin, text.find_first_of(ends, begin) - begin);
}

double product_seconds(int64_t side, at::ScalarType type, double budget_s) {
  const at::Tensor a = at::ones({side, side}, at::TensorOptions().dtype(type)), b = at::ones_like(a);
  at::Tensor c = at::empty_like(a);
  return median_seconds(budget_s, [&] { at::mm_out(c, a, b); });
}

double operations(int64_t side) {
  const auto n = static_cast<double>(side);
  return 2 * n * n * n;
}

}  // namespace

MatrixLibrary matrix_library() {
  // A LibTorch of PyTorch's own has MKL within it.
  if (at::hasMKL()) return {"MKL", ""};
  const std::string file = library_with("sgemm_"), name = blas_name(file);
  return {name.empty() ? "unknown" : name, file};
}

std::string torch_instruction_set() {
  // "  - CPU capability usage: AVX2", "NO AVX" or "DEFAULT".
  const std::string word = text_behind(at::show_config(), "CPU capability usage: ", "\n");
  return word.empty() ? "unknown" : word == "NO AVX" ? "DEFAULT" : word;
}

std::string onednn_version() {
  if (!at::hasMKLDNN()) return "";
  const std::string text = at::get_mkldnn_version();  // "Intel(R) MKL-DNN v2.7.3 (Git Hash ...)"
  const std::string version = text_behind(text, " v", " ");
  return version.empty() ? "unknown" : version;
}

ComputeThreads::ComputeThreads(int threads) : before_(at::get_num_threads()), blas_before_(blas_threads()) {
  set_compute_threads(threads);
  set_blas_threads(threads);
}

ComputeThreads::~ComputeThreads() {
  set_compute_threads(before_);
  set_blas_threads(blas_before_);
}

double matrix_flops(at::ScalarType type, double budget_s) {
  constexpr int64_t kSmall = 256, kLarge = 1024;
  const at::NoGradGuard no_gradients;
  const double small = product_seconds(kSmall, type, 0);
  // Without the right instructions a large product takes seconds.
  const bool fast = small * operations(kLarge) / operations(kSmall) < budget_s / 3;
  const int64_t side = fast ? kLarge : kSmall;
  return operations(side) / product_seconds(side, type, budget_s);
}

}  // namespace cvtool
