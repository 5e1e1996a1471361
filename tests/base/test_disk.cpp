#include "base/disk.h"

#include <doctest/doctest.h>

#include "scratch.h"

using namespace cvtool;

TEST_CASE("A folder that is not there yet is judged by the nearest one above it") {
  const Scratch folder;
  CHECK(free_disk_bytes(folder / "a/b/c") > 0);
  CHECK(is_writable(folder / "a/b/c"));
  CHECK(is_writable(folder.path()));
  CHECK(names_in(folder.path()).empty());
  folder.write("file", "x");
  CHECK_FALSE(is_writable(folder / "file/below"));
}
