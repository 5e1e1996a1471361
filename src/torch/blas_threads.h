// The threads of OpenBLAS, which at::set_num_threads does not reach: one number for the whole process.
#pragma once

namespace cvtool {

// 0 where LibTorch multiplies matrices with another library.
int blas_threads();
// Does nothing for 0, or with another library.
void set_blas_threads(int threads);

}  // namespace cvtool
