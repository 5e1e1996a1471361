#include "base/loaded_libraries.h"

#include <dlfcn.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <fstream>

#include "base/text.h"

namespace cvtool {

std::vector<std::string> loaded_libraries(const std::string& root) {
  std::vector<std::string> files;
  std::ifstream in(root + "/proc/self/maps");
  // "7f00-7f01 r-xp 00000000 fe:00 42    /lib/libblas.so.3": the path may hold blanks.
  for (std::string line; std::getline(in, line);) {
    const size_t begin = line.find('/');
    if (begin == std::string::npos) continue;
    const std::string file = line.substr(begin), name = file.substr(file.rfind('/') + 1);
    const bool is_library = ends_with(name, ".so") || name.find(".so.") != std::string::npos;
    if (is_library && std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }
  return files;
}

std::string library_with(const char* function) {
  const void* const found = ::dlsym(RTLD_DEFAULT, function);
  Dl_info info{};
  char path[PATH_MAX];
  if (!found || ::dladdr(found, &info) == 0 || !::realpath(info.dli_fname, path)) return "";
  return path;
}

std::string blas_name(const std::string& file) {
  const std::string path = lower(file), name = path.substr(path.rfind('/') + 1);
  // Debian puts each one's libblas.so.3 into a folder of its name: /usr/lib/x86_64-linux-gnu/openblas-pthread.
  for (const auto& [part, title] : {std::pair{"openblas", "OpenBLAS"}, std::pair{"mkl", "MKL"},
                                    std::pair{"blis", "BLIS"}, std::pair{"atlas", "ATLAS"}})
    if (path.find(part) != std::string::npos) return title;
  return starts_with(name, "libblas.so") || starts_with(name, "libcblas.so") ? kReferenceBlas : "";
}

}  // namespace cvtool
