#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include "base/loaded_libraries.h"
#include "torch/matrix_rate.h"

using namespace cvtool;

TEST_CASE("LibTorch's libraries are known") {
  const MatrixLibrary library = matrix_library();
  CHECK_FALSE(library.name == "unknown");
  CHECK((library.file.empty() || blas_name(library.file) == library.name));
  CHECK_FALSE(torch_instruction_set() == "unknown");
  CHECK(onednn_version().find_first_not_of("0123456789.") == std::string::npos);
}

TEST_CASE("Matrix products have a rate in both types, on one thread too, and the threads are put back") {
  const int before = at::get_num_threads();
  {
    const ComputeThreads one(1);
    CHECK(at::get_num_threads() == 1);
    CHECK(matrix_flops(at::kFloat, 0.05) > 1e7);
    CHECK(matrix_flops(at::kBFloat16, 0.05) > 1e6);
  }
  CHECK(at::get_num_threads() == before);
}
