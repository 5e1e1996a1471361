#include "spec/weight_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "scratch.h"
#include "spec/backbone_names.h"

using namespace cvtool;

namespace {

// The table as it is in the sources, or a text in its place.
class Share {
 public:
  Share() { ::setenv("CVTOOL_SHARE", CVTOOL_TESTS_FOLDER "/..", 1); }
  explicit Share(const std::string& table) {
    scratch_.write("models/weights.json", table);
    ::setenv("CVTOOL_SHARE", scratch_.path().c_str(), 1);
  }
  ~Share() { ::unsetenv("CVTOOL_SHARE"); }

 private:
  const Scratch scratch_;
};

std::string refusal(const std::string& table) {
  const Share share(table);
  return message_of([] { weight_table(); });
}

}  // namespace

TEST_CASE("Every fact of the table of weights has a source that the table names") {
  const Share share;
  const WeightTable table = weight_table();
  CHECK(table.entries.size() >= 20);
  const auto bases = backbone_names();
  for (const WeightEntry& entry : table.entries) {
    CAPTURE(entry.name);
    CHECK(std::find(bases.begin(), bases.end(), entry.base) != bases.end());
    const std::vector<std::pair<std::string, bool>> known{
        {"file", !entry.url.empty() || !entry.sha256.empty() || !entry.size.empty()},
        {"licence", !entry.licence.empty()},
        {"input", entry.imgsz > 0 || entry.crop > 0 || !entry.interpolation.empty()},
        {"top1", entry.top1 > 0},
        {"cost", entry.numbers > 0 || entry.macs > 0},
        {"rate", entry.rate > 0}};
    for (const auto& [name, is_known] : known) {
      const std::string fact = name;
      INFO(fact);
      if (is_known) REQUIRE(entry.sources.contains(fact));
    }
    for (const auto& [name, source] : entry.sources.items()) {
      const std::string fact = name;
      INFO(fact);
      CHECK(table.sources.contains(source.get<std::string>()));
    }
    // A checksum is known from the file's own name.
    if (!entry.sha256.empty()) CHECK(contains(entry.url, "-" + entry.sha256 + "."));
  }
}

TEST_CASE("Weights without a checksum are not fetched") {
  WeightEntry entry;
  entry.url = "http://127.0.0.1/weights.pth";
  CHECK_FALSE(entry.can_be_fetched());
  entry.sha256 = "12345678";
  CHECK(entry.can_be_fetched());
}

TEST_CASE("A faulty table of weights is refused with its place") {
  CHECK(contains(refusal(R"({"weights": 3})"), "weights.json: weights: must be a list"));
  CHECK(contains(refusal(R"({"weights": [{"name": "a"}, {"name": "a"}]})"), "weights[1].name: 'a' is taken"));
  CHECK(contains(refusal(R"({"weights": [{"top1": 101}]})"), "weights[0].top1: 101 is out of range"));
  CHECK(contains(refusal(R"({"weights": [{"sha265": ""}]})"), "did you mean 'sha256'"));
}
