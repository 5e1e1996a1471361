#include "base/text.h"

#include <doctest/doctest.h>

using namespace cvtool;

TEST_CASE("The nearest word is found through one slip of each kind") {
  const std::vector<std::string> words{"max_pool2d", "conv2d", "dense", "flatten"};
  CHECK(nearest_word("conv2", words) == "conv2d");           // left out
  CHECK(nearest_word("convv2d", words) == "conv2d");         // put in
  CHECK(nearest_word("comv2d", words) == "conv2d");          // replaced
  CHECK(nearest_word("cnov2d", words) == "conv2d");          // swapped
  CHECK(nearest_word("Max-Pool2D", words) == "max_pool2d");  // case and dashes are no slips
  CHECK(nearest_word("flat", words) == "flatten");           // a beginning
}

TEST_CASE("No word is suggested where none is near") {
  CHECK(nearest_word("zzz", {"conv2d", "dense"}).empty());
  CHECK(nearest_word("x", {"conv2d", "dense"}).empty());
  CHECK(nearest_word("conv2d", {}).empty());
  CHECK(nearest_word("", {"conv2d"}).empty());
}

TEST_CASE("Of two near words the nearer one wins") {
  CHECK(nearest_word("adma", {"adamw", "adam"}) == "adam");
  CHECK(nearest_word("adamm", {"nadam", "adam", "adamw"}) == "adam");
}

TEST_CASE("The message of an unknown word names it, the nearest one and all others") {
  CHECK(unknown_word("optimizer", "adm", {"sgd", "adam"}) ==
        "unknown optimizer 'adm'; did you mean 'adam'? (one of sgd, adam)");
  CHECK(unknown_word("optimizer", "zzzz", {"sgd", "adam"}) == "unknown optimizer 'zzzz'; it is one of sgd, adam");
}

TEST_CASE("Large numbers are grouped by thousands") {
  CHECK(with_thousands(0) == "0");
  CHECK(with_thousands(999) == "999");
  CHECK(with_thousands(1000) == "1,000");
  CHECK(with_thousands(14714688) == "14,714,688");
  CHECK(with_thousands(-1234567) == "-1,234,567");
  CHECK(with_thousands(-123) == "-123");
}

TEST_CASE("Counted nouns take their plural") {
  CHECK(counted(1, "photo") == "1 photo");
  CHECK(counted(0, "photo") == "0 photos");
  CHECK(counted(2, "class") == "2 classes");
  CHECK(counted(3, "batch") == "3 batches");
  CHECK(counted(3, "epoch") == "3 epochs");
  CHECK(counted(2, "validation epoch") == "2 validation epochs");
  CHECK(counted(1200, "file") == "1,200 files");
}

TEST_CASE("Numbers are as short as they can be, or have so many digits") {
  CHECK(number_text(3) == "3");
  CHECK(number_text(0.1) == "0.1");
  CHECK(number_text(-2.5) == "-2.5");
  CHECK(number_text(1e-5) == "1e-05");
  CHECK(number_text(100000) == "100000");
  CHECK(significant(0.00012345, 3) == "0.000123");
  CHECK(significant(1e9, 3) == "1e+09");
}

TEST_CASE("Durations are told in seconds, minutes or hours") {
  CHECK(duration_text(4.21) == "4.2 s");
  CHECK(duration_text(59.9) == "59.9 s");
  CHECK(duration_text(59.97) == "1 min 00 s");
  CHECK(duration_text(185) == "3 min 05 s");
  CHECK(duration_text(3599.7) == "1 h 00 min");
  CHECK(duration_text(2 * 3600 + 7 * 60) == "2 h 07 min");
}

TEST_CASE("Texts are split and joined without loss") {
  CHECK(split("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
  CHECK(split("", ',') == std::vector<std::string>{""});
  CHECK(join(split("a,,b,", ','), ",") == "a,,b,");
  CHECK(named_list({"a", "b"}, 2) == "a, b");
  CHECK(named_list({"a", "b", "c", "d"}, 2) == "a, b and 2 more");
  CHECK(named_list({}, 2).empty());
  CHECK(starts_with("runs/latest", "runs"));
  CHECK_FALSE(starts_with("run", "runs"));
  CHECK(ends_with("best.pt", ".pt"));
  CHECK_FALSE(ends_with("pt", ".pt"));
  CHECK(lower("ÄB.JPG") == "Äb.jpg");
}

TEST_CASE("The nearest paths are those with a part like the word") {
  const std::vector<std::string> paths{"base/stem", "base/block_3/add", "base/block_33/add", "head/dense"};
  CHECK(nearest_paths("block_33", paths, 2) == std::vector<std::string>{"base/block_33/add", "base/block_3/add"});
  CHECK(nearest_paths("densee", paths, 1) == std::vector<std::string>{"head/dense"});
  CHECK(nearest_paths("x", {}, 3).empty());
}
