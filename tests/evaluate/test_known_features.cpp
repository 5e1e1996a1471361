#include "evaluate/known_features.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "model/model_info.h"
#include "scratch.h"

using namespace cvtool;

namespace {

struct Drawn {
  at::Tensor features;  // [N,D] f32
  std::vector<int64_t> labels;
};

// Two classes whose features differ in scale and are correlated.
Drawn drawn(uint64_t seed, int64_t count, int64_t width) {
  Drawn out{at::empty({count, width}, at::kFloat), {}};
  Random random(seed, "known features");
  for (int64_t row = 0; row < count; ++row) {
    out.labels.push_back(row % 2);
    const double common = random.normal();
    for (int64_t i = 0; i < width; ++i)
      out.features[row][i] = static_cast<float>(random.normal() * (1 + static_cast<double>(i % 3)) + common +
                                                (i == 0 ? 4.0 * static_cast<double>(row % 2) : 0.0));
  }
  return out;
}

// What scikit-learn says: LedoitWolf of the centred data, and the Mahalanobis distance to the nearer mean.
std::string oracle(const Drawn& photos, const at::Tensor& asked) {
  const Scratch scratch;
  Json json{{"labels", photos.labels}};
  for (const auto& [name, rows] : {std::pair{"x", photos.features}, std::pair{"q", asked}})
    for (int64_t row = 0; row < rows.size(0); ++row)
      json[name].push_back(std::vector<float>(rows[row].data_ptr<float>(), rows[row].data_ptr<float>() + rows.size(1)));
  std::ofstream(scratch / "data.json") << json.dump();
  std::ofstream(scratch / "oracle.py") << R"(
import json, sys, numpy as np
from sklearn.covariance import LedoitWolf
d = json.load(open(sys.argv[1]))
x, q, y = np.array(d["x"]), np.array(d["q"]), np.array(d["labels"])
means = [x[y == k].mean(0) for k in sorted(set(y))]
lw = LedoitWolf(assume_centered=True).fit(np.concatenate([x[y == k] - m for k, m in enumerate(means)]))
inverse = np.linalg.inv(lw.covariance_)
near = np.min([np.einsum("ij,jk,ik->i", q - m, inverse, q - m) for m in means], 0)
print(json.dumps({"shrinkage": lw.shrinkage_, "distances": list(np.sqrt(near / x.shape[1]))}))
)";
  const std::string command =
      std::string(CVTOOL_PYTHON) + " '" + (scratch / "oracle.py") + "' '" + (scratch / "data.json") + "'";
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  char buffer[4096];
  while (const size_t got = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, got);
  REQUIRE(::pclose(pipe) == 0);
  return text;
}

}  // namespace

TEST_CASE("With all directions kept, shrinkage and distances are scikit-learn's") {
  for (const int64_t width : {6, 40}) {  // fewer and more features than photos
    const Drawn photos = drawn(1, 30, width);
    const at::Tensor asked = drawn(2, 8, width).features;
    const KnownFeatures known = fit_known_features(photos.features, photos.labels, 2, width);
    const Json theirs = Json::parse(oracle(photos, asked));
    CHECK(known.shrinkage == doctest::Approx(theirs["shrinkage"].get<double>()).epsilon(1e-6));
    for (int64_t row = 0; row < asked.size(0); ++row) {
      CAPTURE(width);
      // The basis is rounded to float16; of more features than photos the rest's direction is averaged.
      CHECK(distance_of(known, asked[row]) ==
            doctest::Approx(theirs["distances"][static_cast<size_t>(row)].get<double>())
                .epsilon(width == 6 ? 2e-3 : 2e-2));
    }
  }
}

TEST_CASE("Distances by hand: one direction of variance 4, and what lies outside of it") {
  KnownFeatures known;
  known.mean = at::tensor({1.0F, 0.0F, 0.0F, 0.0F});
  known.basis = at::tensor({1.0F, 0.0F, 0.0F, 0.0F}).view({1, 4});
  known.variances = at::tensor({4.0F});
  known.centres = at::tensor({-2.0F, 2.0F}).view({2, 1});
  known.rest = 0.5;
  // One off the nearer centre along the direction, and 1, 1, 2 outside: 1 / 4 + 6 / 0.5 over four features.
  CHECK(distance_of(known, at::tensor({4.0F, 1.0F, 1.0F, 2.0F})) == doctest::Approx(std::sqrt((0.25 + 12) / 4)));
  CHECK(distance_of(known, at::tensor({3.0F, 0.0F, 0.0F, 0.0F})) == 0);
}

TEST_CASE("Few directions tell as much as all of them apart from what is far away") {
  const Drawn photos = drawn(3, 200, 50);
  const KnownFeatures few = fit_known_features(photos.features, photos.labels, 2, 8);
  CHECK(few.basis.size(0) == 8);
  double known = 0;
  const Drawn others = drawn(4, 50, 50);
  for (int64_t row = 0; row < 50; ++row) known += distance_of(few, others.features[row]) / 50;
  CHECK(known == doctest::Approx(1).epsilon(0.15));
  CHECK(distance_of(few, others.features[0] + 20.0) > 3);
}

TEST_CASE("Compared features have length 1, and wide ones are folded so that lengths stay") {
  const at::Tensor two = at::tensor({3.0F, 4.0F, 0.0F, 0.0F}).view({2, 2});
  CHECK(compared_features(two).equal(at::tensor({0.6F, 0.8F, 0.0F, 0.0F}).view({2, 2})));
  const at::Tensor wide = drawn(5, 3, 5000).features, folded = compared_features(wide);
  CHECK(folded.size(1) == 2048);
  CHECK(folded[1].norm().item<float>() == doctest::Approx(1));
  CHECK(compared_features(wide[1].contiguous()).equal(folded[1]));
  const auto cosine = [](const at::Tensor& a, const at::Tensor& b) { return (a * b).sum() / a.norm() / b.norm(); };
  CHECK(std::abs((cosine(wide[0], wide[1]) - cosine(folded[0], folded[1])).item<float>()) < 0.1);
}

TEST_CASE("What is stored is read back to the same distances, and damage is refused by name") {
  const Drawn photos = drawn(6, 40, 12);
  KnownFeatures known = fit_known_features(photos.features, photos.labels, 2, 4);
  known.split = "valid";
  known.distances = {0.9, 1.1};
  Json info{{kUnknownKey, known_features_json(known)}};
  const KnownFeatures back = known_features_of(Json::parse(info.dump()), "m.pt");
  CHECK(distance_of(back, photos.features[3]) == distance_of(known, photos.features[3]));
  CHECK(back.distances == known.distances);
  CHECK(back.split == "valid");
  const auto refused = [&](const char* key, const Json& value) {
    Json damaged = info;
    damaged[kUnknownKey][key] = value;
    CHECK_THROWS_WITH_AS(known_features_of(damaged, "m.pt"), doctest::Contains("m.pt: cvtool.json: unknown"), Error);
    CHECK_THROWS_WITH_AS(known_features_of(damaged, "m.pt"), doctest::Contains("--fit-unknown"), Error);
  };
  refused("method", "another");
  refused("basis", "no base64!");
  refused("basis", "AAAA");
  refused("features", 1'000'000'000'000);
  refused("features", 13);
  refused("variances", info[kUnknownKey]["mean"]);
  refused("rest", -1);
  refused("distances", "");
}

TEST_CASE("A class without photos has no centre, and equal photos cannot be fitted") {
  const Drawn photos = drawn(7, 20, 5);
  CHECK(fit_known_features(photos.features, photos.labels, 7).centres.size(0) == 2);
  CHECK_THROWS_AS(fit_known_features(at::ones({5, 3}), {0, 0, 1, 1, 1}, 2), DataError);
}
