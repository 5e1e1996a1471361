#include "torch/blas_threads.h"

#include <dlfcn.h>

namespace cvtool {
namespace {

template <class Function>
Function openblas_function(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, name));
}

}  // namespace

int blas_threads() {
  static const auto get = openblas_function<int (*)()>("openblas_get_num_threads");
  return get ? get() : 0;
}

void set_blas_threads(int threads) {
  static const auto set = openblas_function<void (*)(int)>("openblas_set_num_threads");
  if (set && threads > 0) set(threads);
}

}  // namespace cvtool
