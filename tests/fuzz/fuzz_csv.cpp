#include "data/list/listing.h"
#include "fuzz.h"
#include "fuzz_files.h"

// A list of photos, some of which are there. The first byte says which columns are named.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const cvtool::Scratch folder;
  static const bool made = [] {
    for (const char* photo : {"a.jpg", "b.png", "Car/c.jpg", "Truck/d e.jpeg"}) folder.write(photo, "");
    return true;
  }();
  if (!made || size == 0) return 0;
  cvtool::DataConfig config;
  if (data[0] & 1) config.path_column = "path";
  if (data[0] & 2) config.label_column = "label";
  if (data[0] & 4) config.split_column = "split";
  folder.write("list.csv", cvtool::text_of(data + 1, size - 1));
  return cvtool::answered([&] { cvtool::list_csv(folder / "list.csv", config); });
}
