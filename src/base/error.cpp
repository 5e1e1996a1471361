#include "base/error.h"

#include <new>

namespace cvtool {
namespace {

// LibTorch has no type for it, and TorchScript hides the one that the C++ library has.
bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error)) return true;
  const std::string what = error.what();
  for (const char* words : {"can't allocate memory", "out of memory", "not enough memory", "STATUS_ALLOC_FAILED"})
    if (what.find(words) != std::string::npos) return true;
  return false;
}

}  // namespace

std::string failure_text(const std::exception& error) {
  if (dynamic_cast<const Error*>(&error)) return error.what();
  const std::string what = error.what();
  if (is_out_of_memory(error)) {
    const bool gpu = what.find("CUDA") != std::string::npos || what.find("CUDNN") != std::string::npos;
    return std::string("out of memory") + (gpu ? " on the GPU" : "") + "; use a smaller --batch or --imgsz";
  }
  return "internal error: " + what.substr(0, what.find("\nException raised from"));
}

}  // namespace cvtool
