#include "cli/load_engine.h"

#include <dlfcn.h>

#include <filesystem>

#include "base/error.h"

namespace fs = std::filesystem;

namespace cvtool {

const Engine& load_engine() {
  std::error_code error;
  const fs::path prefix = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  fs::path library = prefix / "lib" / "cvtool" / "libcvtool_engine.so";
  if (!fs::exists(library)) library = prefix / "lib" / "libcvtool_engine.so";
  // Never unloaded: LibTorch's static objects do not survive it.
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!handle)
    throw Error("cannot load the engine " + library.string() + ": " + ::dlerror() +
                "; install cvtool and LibTorch again");
  const auto version = reinterpret_cast<decltype(&cvtool_engine_version)>(::dlsym(handle, "cvtool_engine_version"));
  const auto entry = reinterpret_cast<decltype(&cvtool_engine)>(::dlsym(handle, "cvtool_engine"));
  if (!entry) throw Error(library.string() + " is not cvtool's engine; install cvtool again");
  const std::string found = version ? std::string("cvtool ") + version() : "an older cvtool";
  if (found != "cvtool " + engine_version())
    throw Error(library.string() + " is the engine of " + found + ", this program is " + engine_version() +
                "; install cvtool again");
  return *entry();
}

}  // namespace cvtool
