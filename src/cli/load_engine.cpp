#include "cli/load_engine.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/machine.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// Of address space: what the engine and its libraries take at least, and what their work does.
constexpr size_t kLoadedBytes = size_t{1000} << 20, kWorkingBytes = size_t{640} << 20;

bool address_space_is_limited() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

// OpenBLAS, which takes its part when it is loaded and when it first works, asks for it again and again, for ever,
// where it gets none.
void check_address_space(size_t bytes) {
  if (!address_space_is_limited()) return;
  void* const space = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED)
    throw Error(
        "out of memory: the limit of the address space (ulimit -v) leaves too little for LibTorch and its work; raise "
        "it to 2000000 kB or more");
  ::munmap(space, bytes);
}

// OpenBLAS starts a thread on each core as soon as it is loaded, waits for ever for one that the system refuses, and
// takes 128 MiB of address space for each.
void limit_thread_pools() {
  const size_t cores = std::max(1U, std::thread::hardware_concurrency()), usable = usable_cores();
  const size_t room = startable_threads(2 * cores);
  if (room < 2 * cores || address_space_is_limited()) ::setenv("OPENBLAS_NUM_THREADS", "1", /*overwrite=*/1);
  if (usable < cores) ::setenv("OPENBLAS_NUM_THREADS", std::to_string(usable).c_str(), /*overwrite=*/0);
}

// OpenMP's threads, GNU's and LLVM's, wait for each other in loops that take the core from whoever could use it, a
// worker of ours or another program, unless they are told to sleep. They read this when they are loaded.
void let_waiting_threads_sleep() {
  ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  ::setenv("KMP_BLOCKTIME", "0", /*overwrite=*/0);
}

// The loader looks for a symbol in all that is opened together, in turn. Debian's LibTorch and OpenCV bring almost 300
// libraries, whose 140,000 symbols take 17 million looks, a quarter of the start; a library that was opened before,
// alone, has found its own among what it needs. The list (cmake/load_order.sh) is made with the engine: of another
// version of the system a name may be missing, which costs time only.
void open_needed_libraries(const fs::path& engine) {
  std::ifstream list(fs::path(engine).replace_extension(".order"));
  for (std::string name; std::getline(list, name);)
    if (!name.empty() && name.find('/') == std::string::npos) ::dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL);
}

}  // namespace

const Engine& load_engine() {
  check_address_space(kLoadedBytes);
  limit_thread_pools();
  let_waiting_threads_sleep();
  std::error_code error;
  const fs::path prefix = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  fs::path library = prefix / "lib" / "cvtool" / "libcvtool_engine.so";
  if (!fs::exists(library)) library = prefix / "lib" / "libcvtool_engine.so";
  open_needed_libraries(library);
  // Never unloaded: LibTorch's static objects do not survive it. Lazy: of what its libraries call, and there are more
  // than a hundred, most is never called.
  void* handle = ::dlopen(library.c_str(), RTLD_LAZY | RTLD_GLOBAL);
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
  check_address_space(kWorkingBytes);
  return *entry();
}

}  // namespace cvtool
