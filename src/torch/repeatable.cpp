#include "torch/repeatable.h"

#include <ATen/Context.h>
#include <c10/util/Exception.h>
#include <spdlog/spdlog.h>
#include <torch/version.h>

#include <cstdlib>
#include <mutex>
#include <set>
#include <string>

namespace cvtool {
namespace {

#if TORCH_VERSION_MAJOR < 2
namespace warnings = c10::Warning;
#else
namespace warnings = c10::WarningUtils;
#endif

// LibTorch says it again in every step, and speaks of Python.
class SayOnce : public c10::WarningHandler {
 public:
#if TORCH_VERSION_MAJOR < 2
  void process(const c10::SourceLocation& place, const std::string& message, const bool verbatim) override {
    if (!says(message)) c10::WarningHandler::process(place, message, verbatim);
  }
#else
  void process(const c10::Warning& warning) override {
    if (!says(warning.msg())) c10::WarningHandler::process(warning);
  }
#endif

 private:
  // Whether the message is of the kind that is said here.
  bool says(const std::string& message) {
    const size_t end = message.find(" does not have a deterministic implementation");
    const bool matrices = message.find("CUBLAS_WORKSPACE_CONFIG") != std::string::npos;
    if (end == std::string::npos && !matrices) return false;
    const std::string name = matrices ? "matrix products with this CUBLAS_WORKSPACE_CONFIG" : message.substr(0, end);
    // Only whole numbers are added up so, whose sum does not depend on the order.
    if (name == "scatter_add_cuda_kernel") return true;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (said_.insert(name).second)
      spdlog::warn(
          "the GPU has no way to compute {} that adds in a fixed order: the same command may give a model that "
          "differs by rounding",
          name);
    return true;
  }

  std::mutex mutex_;
  std::set<std::string> said_;
};

}  // namespace

void make_gpu_repeatable() {
  // cuBLAS reads it when it starts: with it, the same product is computed in the same way each time (cuBLAS
  // documentation, "Results reproducibility").
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
#if TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR >= 202
  // Else memory that is about to be written is filled first.
  at::globalContext().setDeterministicFillUninitializedMemory(false);
#endif
  // NVIDIA's containers set TORCH_ALLOW_TF32_CUBLAS_OVERRIDE.
  at::globalContext().setAllowTF32CuBLAS(false);
  static SayOnce handler;  // LibTorch keeps its address
  warnings::set_warning_handler(&handler);
}

}  // namespace cvtool
