#include "base/file_lock.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>

#include <memory>

#include "scratch.h"

using namespace cvtool;

TEST_CASE("A lock is held once, until it is destroyed") {
  const Scratch scratch;
  auto first = std::make_unique<FileLock>(scratch.path(), O_DIRECTORY, LOCK_EX | LOCK_NB);
  CHECK(first->held());
  {
    const FileLock second(scratch.path(), O_DIRECTORY, LOCK_EX | LOCK_NB);
    CHECK_FALSE(second.held());
    CHECK(second.refused());
  }
  first.reset();
  CHECK(FileLock(scratch.path(), O_DIRECTORY, LOCK_EX | LOCK_NB).held());
}

TEST_CASE("What is not there is not locked, and nobody is to blame") {
  const Scratch scratch;
  const FileLock lock(scratch / "none", O_DIRECTORY, LOCK_EX | LOCK_NB);
  CHECK_FALSE(lock.held());
  CHECK_FALSE(lock.refused());
}
