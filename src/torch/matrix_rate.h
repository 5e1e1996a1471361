// What LibTorch multiplies with, and how fast that is here.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace cvtool {

// The library that multiplies float32 matrices of LibTorch.
struct MatrixLibrary {
  std::string name;  // "OpenBLAS", "MKL", ...; "unknown"
  std::string file;  // "" where it is a part of LibTorch
};
MatrixLibrary matrix_library();

// What LibTorch has chosen of the processor's instruction sets ("AVX512", "AVX2"); "DEFAULT": none
// beyond those that every one has; "unknown" where it does not say.
std::string torch_instruction_set();

// What LibTorch's convolutions on the processor are computed by: oneDNN's version, "2.7.3"; "" where it has none.
std::string onednn_version();

// While alive, LibTorch and its BLAS compute with so many threads. From one thread at a time.
class ComputeThreads {
 public:
  explicit ComputeThreads(int threads);
  ~ComputeThreads();
  ComputeThreads(const ComputeThreads&) = delete;
  ComputeThreads& operator=(const ComputeThreads&) = delete;

 private:
  int before_, blas_before_ = 0;
};

// Floating-point operations (a multiply-add is two) per second in products of square matrices on the processor, with
// the threads that are set. `type`: at::kFloat or at::kBFloat16. Takes `budget_s`, more on a very slow machine.
double matrix_flops(at::ScalarType type, double budget_s);

}  // namespace cvtool
