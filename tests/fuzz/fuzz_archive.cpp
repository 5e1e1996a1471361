#include "data/archive/archive_index.h"
#include "fuzz.h"
#include "scratch.h"

// A ZIP or TAR file: its index, and the bytes of everything in it that is small.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const cvtool::Scratch folder;
  const std::string file = folder.write("a.zip", cvtool::text_of(data, size));
  return cvtool::answered([&] {
    const cvtool::ArchiveIndex index(file);
    for (const cvtool::ArchiveEntry& entry : index.entries()) {
      if (index.find(entry.name) != &entry) std::abort();
      if (entry.bytes < (size_t{1} << 20)) cvtool::answered([&] { index.read(entry, entry.bytes / 2, entry.bytes); });
    }
    index.children("");
  });
}
