#include "datatools/split_support.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "datatools/check.h"

using namespace cvtool;

namespace {

// So many photos of each class; paths are made up.
std::vector<Sample> photos(const std::string& split, const std::vector<int>& counts) {
  std::vector<Sample> samples;
  for (size_t k = 0; k < counts.size(); ++k)
    for (int i = 0; i < counts[k]; ++i) {
      const std::string path = split + "/" + std::to_string(k) + "/" + std::to_string(i) + ".jpg";
      samples.push_back({path, static_cast<int64_t>(k), stable_hash(path)});
    }
  return samples;
}

Dataset dataset(const std::vector<int>& train, const std::vector<int>& valid, const std::vector<int>& test = {}) {
  Dataset made;
  made.classes = {"cats", "dogs"};
  made.train = photos("train", train);
  made.valid = photos("valid", valid);
  made.test = photos("test", test);
  return made;
}

std::vector<PhotoFacts> facts(size_t count, double brightness, uint64_t seed) {
  Random random(seed, "facts");
  std::vector<PhotoFacts> made(count);
  for (PhotoFacts& one : made) {
    one.width = one.height = 40;
    one.brightness = brightness + 10 * random.normal();
    one.contrast = 40 + 5 * random.normal();
    one.pixels = content_hash(std::to_string(random.bits64()));
  }
  return made;
}

}  // namespace

TEST_CASE("Each held-out split and class has the interval that 90 % would have") {
  const auto support = split_support(dataset({50, 50}, {40, 10}));
  REQUIRE(support.size() == 1);
  CHECK(support[0].split == "valid");
  // statsmodels' and scipy's Wilson interval of 45 of 50 and of 9 of 10.
  CHECK(support[0].all.interval[0] == doctest::Approx(0.7864).epsilon(1e-4));
  CHECK(support[0].all.interval[1] == doctest::Approx(0.9565).epsilon(1e-4));
  CHECK(support[0].classes[1].interval[0] == doctest::Approx(0.5958).epsilon(1e-4));
  CHECK(support[0].classes[1].interval[1] == doctest::Approx(0.9821).epsilon(1e-4));
  CHECK(support[0].classes[1].measurable);
  CHECK(split_support(dataset({50, 50}, {40, 10}, {6, 6})).size() == 2);
}

TEST_CASE("A class of too few photos is named with what it takes") {
  const auto sentences_of = [](const Dataset& set, const DataOrigin& origin = {}) {
    return too_few_to_measure(split_support(set), origin);
  };
  CHECK(fewest_measurable() == 6);
  CHECK(sentences_of(dataset({50, 50}, {6, 40})).empty());
  const auto sentences = sentences_of(dataset({50, 50}, {5, 40}, {40, 0}));
  REQUIRE(sentences.size() == 2);
  CHECK(sentences[0] == "valid: 5 photos of 'cats', of which 90 % right could be 46 to 99 %; add 1");
  CHECK(sentences[1] == "test: 0 photos of 'dogs'; add 6");
  const auto of_fraction = sentences_of(dataset({8, 80}, {2, 20}, {1, 10}), {{}, 0.2, 0.1});
  REQUIRE(of_fraction.size() == 2);
  CHECK(of_fraction[0] ==
        "valid: 2 photos of 'cats', of which 90 % right could be 28 to 100 %; have 30 of it to hold out from, or a "
        "larger --valid");
  CHECK(of_fraction[1].find("have 60 of it to hold out from, or a larger --test") != std::string::npos);
}

TEST_CASE("A set of one class has nothing to measure") {
  Dataset one = dataset({50}, {3});
  one.classes = {"cats"};
  CHECK(split_support(one).empty());
}

TEST_CASE("A held-out split that is darker is unlike train, one of the same light is not") {
  const Dataset set = dataset({40, 40}, {20, 20}, {20, 20});
  std::vector<PhotoFacts> all = facts(80, 100, 1);
  for (const PhotoFacts& one : facts(40, 60, 2)) all.push_back(one);
  for (const PhotoFacts& one : facts(40, 100, 3)) all.push_back(one);
  all[3].unreadable = "broken";
  const SplitComparison comparison(set, 42);
  CHECK(comparison.looks_at(0));
  const auto differences = comparison.differences(all, {});
  REQUIRE(differences.size() == 2);
  CHECK(differences[0].split == "valid");
  CHECK(differences[0].auc > 0.9);
  CHECK(differences[0].warning.find("valid is unlike train") == 0);
  CHECK(differences[0].warning.find("most in brightness") != std::string::npos);
  CHECK(differences[1].split == "test");
  CHECK(differences[1].warning.empty());
  CheckReport report;
  CHECK(report.clean());
  report.differences = {differences[1]};
  CHECK(report.clean());
  report.differences = differences;
  CHECK_FALSE(report.clean());
}

TEST_CASE("Held-out photos that are copies of training photos are not compared with them") {
  const Dataset set = dataset({20, 20}, {10, 10});
  std::vector<PhotoFacts> all = facts(40, 100, 1);
  std::vector<PhotoFacts> dark = facts(20, 60, 2);
  for (size_t i = 0; i < 10; ++i) dark[i] = all[i];
  all.insert(all.end(), dark.begin(), dark.end());
  size_t compared = 0;
  CompareOptions by_light;
  by_light.features = [&](const std::vector<Sample>& samples) {
    FeatureRows rows{1, {}};
    for (const Sample& sample : samples) rows.values.push_back(sample.path.rfind("valid", 0) == 0 ? 60 : 100);
    compared = samples.size();
    return rows;
  };
  const auto differences = SplitComparison(set, 42).differences(all, by_light);
  REQUIRE(differences.size() == 1);
  CHECK(compared == 10);
  CHECK(differences[0].auc == 1);
  // Of what features were given no look is named.
  CHECK(differences[0].warning.find("most in") == std::string::npos);
}

TEST_CASE("Of many photos three hundred of a split are compared, and of a set without a held-out part none") {
  const auto count = [](const Dataset& set, size_t photos) {
    const SplitComparison comparison(set, 42);
    size_t drawn = 0;
    for (size_t i = 0; i < photos; ++i) drawn += comparison.looks_at(i);
    return drawn;
  };
  CHECK(count(dataset({400, 400}, {20, 20}), 840) == 340);
  CHECK(count(dataset({400, 400}, {}), 800) == 0);
}
