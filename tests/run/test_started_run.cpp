#include "run/started_run.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "scratch.h"

using namespace cvtool;

TEST_CASE("A run that is being written to has one writer") {
  const Scratch scratch;
  auto first = lock_run(scratch.path());
  CHECK_THROWS_AS(lock_run(scratch.path()), UsageError);
  CHECK(contains(message_of([&] { lock_run(scratch.path()); }), "another cvtool trains into this run"));
  first.reset();
  CHECK_NOTHROW(lock_run(scratch.path()));
  CHECK_NOTHROW(lock_run(scratch / "none"));
}
