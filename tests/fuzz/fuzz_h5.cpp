#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fuzz.h"
#include "model/weights/h5.h"

// libhdf5 wants a path, and one that realpath finds.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string path =
      (std::filesystem::temp_directory_path() / ("cvtool-fuzz-" + std::to_string(::getpid()) + ".h5")).string();
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  return cvtool::read_and_copy(data, size, [&](const cvtool::Blob&) { return cvtool::read_h5(path); });
}
