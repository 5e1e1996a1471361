#include "data/photos.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/random.h"
#include "scratch.h"

using namespace cvtool;

TEST_CASE("Data are known again by any marked file that is unchanged") {
  const Scratch scratch;
  scratch.write("a.jpg", "one");
  scratch.write("b.jpg", "two");
  const std::vector<Sample> samples{{"a.jpg", 0, 1}, {"b.jpg", 0, 2}, {"gone.jpg", 0, 3}};
  const Json fingerprints = fingerprints_of(scratch.path(), samples);
  REQUIRE(fingerprints.size() == 2);
  CHECK(fingerprints["a.jpg"] == hex_text(content_hash("one")));
  CHECK(holds_fingerprinted_files(scratch.path(), fingerprints));
  scratch.write("a.jpg", "changed");
  CHECK(holds_fingerprinted_files(scratch.path(), fingerprints));
  scratch.write("b.jpg", "");
  CHECK_FALSE(holds_fingerprinted_files(scratch.path(), fingerprints));
}

TEST_CASE("The marks of older models, which are numbers, are understood") {
  const Scratch scratch;
  scratch.write("a.jpg", "four");
  // FNV-1a of "four" is larger than a signed number can be.
  CHECK(stable_hash("four") == 15939363302044458469ull);
  CHECK(holds_fingerprinted_files(scratch.path(), Json::parse(R"({"a.jpg": 15939363302044458469})")));
  CHECK_FALSE(holds_fingerprinted_files(scratch.path(), Json::parse(R"({"a.jpg": 15939363302044458470, "b.jpg": 1})")));
}
