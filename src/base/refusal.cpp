#include "base/refusal.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <initializer_list>
#include <new>
#include <system_error>

#include "base/error.h"

namespace cvtool {
namespace {

bool says_any(const std::string& what, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return what.find(word) != std::string::npos; });
}

const std::system_error* of_system(const std::exception& error) {
  return dynamic_cast<const std::system_error*>(&error);
}

// LibTorch and OpenCV have no type for it, and TorchScript hides the one that the C++ library has.
bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error)) return true;
  if (const auto* refusal = of_system(error); refusal && refusal->code().value() == ENOMEM) return true;
  return says_any(error.what(), {"can't allocate memory", "out of memory", "not enough memory", "Insufficient memory",
                                 "Cannot allocate memory", "STATUS_ALLOC_FAILED"});
}

// TBB's threads, which OpenCV uses, have no type either.
bool lacks_threads(const std::exception& error) {
  if (const auto* refusal = of_system(error)) return refusal->code().value() == EAGAIN;
  return says_any(error.what(), {"Resource temporarily unavailable"});
}

// "PATH: No space left on device"
std::string system_text(const std::system_error& error) {
  const auto* of_file = dynamic_cast<const std::filesystem::filesystem_error*>(&error);
  if (!of_file || of_file->path1().empty()) return std::string("the system refuses: ") + error.what();
  const std::string to = of_file->path2().empty() ? "" : " to " + of_file->path2().string();
  return of_file->path1().string() + to + ": " + error.code().message();
}

}  // namespace

bool refused_by_machine(const std::exception& error) { return !refusal_text(error).empty(); }

std::string refusal_text(const std::exception& error) {
  if (dynamic_cast<const Error*>(&error)) return "";
  if (is_out_of_memory(error)) {
    const bool gpu = says_any(error.what(), {"CUDA", "CUDNN"});
    return std::string("out of memory") + (gpu ? " on the GPU" : "") + "; use a smaller --batch or --imgsz";
  }
  if (lacks_threads(error))
    return "the system gives no more threads; raise the limit of processes (ulimit -u, or that of the container), or "
           "use "
           "fewer --workers and --threads";
  if (const auto* refusal = of_system(error)) return system_text(*refusal) + "; see to it and run it again";
  return "";
}

}  // namespace cvtool
