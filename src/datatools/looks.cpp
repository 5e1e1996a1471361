#include "datatools/looks.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/random.h"
#include "base/statistics.h"
#include "base/text.h"

namespace cvtool {
namespace {

struct Look {
  const char* name;
  double (*value)(const PhotoFacts&);
  bool by_factors;  // twice as much is as far as half as much
  int decimals;
};

const std::array<Look, 8>& all_looks() {
  static const std::array<Look, 8> looks{{
      {"size", [](const PhotoFacts& f) { return std::sqrt(static_cast<double>(f.width * f.height)); }, true, 0},
      {"aspect", [](const PhotoFacts& f) { return static_cast<double>(f.width) / static_cast<double>(f.height); }, true,
       2},
      {"brightness", [](const PhotoFacts& f) { return f.brightness; }, false, 0},
      {"contrast", [](const PhotoFacts& f) { return f.contrast; }, false, 0},
      {"saturation", [](const PhotoFacts& f) { return f.saturation; }, false, 0},
      {"warmth", [](const PhotoFacts& f) { return f.mean[0] - f.mean[2]; }, false, 0},
      {"green", [](const PhotoFacts& f) { return f.mean[1] - (f.mean[0] + f.mean[2]) / 2; }, false, 0},
      {"sharpness", [](const PhotoFacts& f) { return f.sharpness; }, true, 0},
  }};
  return looks;
}

// Even steps of it look alike everywhere.
double scaled(const Look& look, double value) { return look.by_factors ? std::log(value + 1e-3) : value; }

std::vector<double> values_of(const Look& look, const std::vector<PhotoFacts>& photos) {
  std::vector<double> values;
  for (const PhotoFacts& photo : photos) values.push_back(look.value(photo));
  return values;
}

// Where the photos of a set lie: the middle, and how far from it half of them are.
struct Spread {
  double middle = 0, reach = 0;
};

Spread spread_of(const Look& look, const std::vector<PhotoFacts>& photos) {
  std::vector<double> values = values_of(look, photos);
  for (double& value : values) value = scaled(look, value);
  const double middle = upper_median(values);
  for (double& value : values) value = std::abs(value - middle);
  // All may be the same: then a little is far.
  return {middle, std::max(upper_median(std::move(values)), look.by_factors ? 0.05 : 2)};
}

}  // namespace

std::vector<size_t> drawn_by_hash(const std::vector<Sample>& samples, int64_t most, uint64_t seed) {
  std::vector<std::pair<uint64_t, size_t>> order;
  for (size_t i = 0; i < samples.size(); ++i) order.emplace_back(Random(seed, "drift", 0, samples[i].id).bits64(), i);
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), static_cast<size_t>(most)));
  std::vector<size_t> drawn;
  for (const auto& [hash, i] : order) drawn.push_back(i);
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

FeatureRows look_rows(const std::vector<PhotoFacts>& photos) {
  FeatureRows rows{static_cast<int64_t>(all_looks().size()), {}};
  for (const PhotoFacts& photo : photos)
    for (const Look& look : all_looks()) rows.values.push_back(scaled(look, look.value(photo)));
  return rows;
}

std::vector<MovedLook> moved_looks(const std::vector<PhotoFacts>& before, const std::vector<PhotoFacts>& after) {
  std::vector<MovedLook> moved;
  for (const Look& look : all_looks()) {
    const std::vector<double> first = values_of(look, before), second = values_of(look, after);
    moved.push_back({look.name, upper_median(first), upper_median(second), higher_in_second(first, second)});
  }
  std::stable_sort(moved.begin(), moved.end(), [](const MovedLook& a, const MovedLook& b) {
    return std::abs(a.auc - 0.5) > std::abs(b.auc - 0.5);
  });
  return moved;
}

std::vector<std::string> oddest_looks(const std::vector<PhotoFacts>& others, const std::vector<PhotoFacts>& photos) {
  std::vector<std::string> out(photos.size());
  std::vector<double> furthest(photos.size(), -1);
  for (const Look& look : all_looks()) {
    const Spread spread = spread_of(look, others);
    const double usual = upper_median(values_of(look, others));
    for (size_t i = 0; i < photos.size(); ++i) {
      const double value = look.value(photos[i]);
      const double distance = std::abs(scaled(look, value) - spread.middle) / spread.reach;
      if (distance <= furthest[i]) continue;
      furthest[i] = distance;
      out[i] = std::string(look.name) + " " + fixed(value, look.decimals) + " against " + fixed(usual, look.decimals);
    }
  }
  return out;
}

std::string drift_verdict(const TwoSampleTest& test) {
  if (test.p_value > 0.05 || test.auc <= 0.5) return "no drift seen: they cannot be told apart beyond chance";
  if (test.auc < 0.6) return "slight drift: beyond chance, but few photos give it away";
  if (test.auc < 0.8) return "drift: many photos can be told apart";
  return "strong drift: most photos can be told apart";
}

}  // namespace cvtool
