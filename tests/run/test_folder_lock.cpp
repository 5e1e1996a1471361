#include "run/folder_lock.h"

#include <doctest/doctest.h>

#include <memory>

#include "base/error.h"
#include "scratch.h"

using namespace cvtool;

TEST_CASE("A run that is being written to has one writer") {
  const Scratch scratch;
  auto first = std::make_unique<FolderLock>(scratch.path());
  CHECK_THROWS_AS(FolderLock(scratch.path()), UsageError);
  CHECK(contains(message_of([&] { FolderLock again(scratch.path()); }), "another cvtool trains into this run"));
  first.reset();
  CHECK_NOTHROW(FolderLock(scratch.path()));
  CHECK_NOTHROW(FolderLock(scratch / "none"));
}
