#include "explain/neighbours.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/error.h"

namespace cvtool {
namespace {

constexpr int64_t kRowsAtOnce = 512;
constexpr double kAlike = 1.0 / 20;      // of the median distance to the nearest photo
constexpr double kRoundingAlike = 1e-6;  // cosine distances of equal features in float32

double median_of(std::vector<float> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Linear interpolation between the two nearest, as NumPy's default; `sorted` is not empty.
double quantile_of(const std::vector<double>& sorted, double at) {
  const double place = at * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Neighbours nearest_photos(const at::Tensor& features, int64_t count) {
  const int64_t photos = features.size(0), kept = std::min(count, photos - 1);
  if (photos < 2) throw DataError("two photos and more are needed to compare them");
  at::Tensor unit = features - features.mean(0, /*keepdim=*/true);
  unit = unit / unit.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
  std::vector<at::Tensor> rows, distances;
  for (int64_t begin = 0; begin < photos; begin += kRowsAtOnce) {
    const int64_t end = std::min(begin + kRowsAtOnce, photos);
    at::Tensor apart = 1 - at::matmul(unit.slice(0, begin, end), unit.t());
    for (int64_t row = begin; row < end; ++row) apart[row - begin][row] = 3;  // more than any distance
    auto [sorted, order] = at::sort(apart, /*stable=*/true, 1, /*descending=*/false);
    rows.push_back(order.slice(1, 0, kept).contiguous());
    distances.push_back(sorted.slice(1, 0, kept).clamp_min(0).contiguous());
  }
  return {at::cat(rows), at::cat(distances)};
}

std::vector<std::vector<size_t>> alike_photos(const Neighbours& neighbours) {
  const int64_t photos = neighbours.rows.size(0), kept = neighbours.rows.size(1);
  const at::Tensor first = neighbours.distances.select(1, 0).contiguous();
  const double near =
      std::max(kAlike * median_of({first.data_ptr<float>(), first.data_ptr<float>() + photos}), kRoundingAlike);
  std::vector<size_t> root(static_cast<size_t>(photos));
  std::iota(root.begin(), root.end(), size_t{0});
  const auto root_of = [&](size_t at) {
    while (root[at] != at) at = root[at] = root[root[at]];
    return at;
  };
  const auto rows = neighbours.rows.accessor<int64_t, 2>();
  const auto distances = neighbours.distances.accessor<float, 2>();
  for (int64_t i = 0; i < photos; ++i)
    for (int64_t k = 0; k < kept && distances[i][k] <= near; ++k) {
      const size_t a = root_of(static_cast<size_t>(i)), b = root_of(static_cast<size_t>(rows[i][k]));
      root[std::max(a, b)] = std::min(a, b);
    }
  std::map<size_t, std::vector<size_t>> members;
  for (size_t i = 0; i < root.size(); ++i) members[root_of(i)].push_back(i);
  std::vector<std::vector<size_t>> groups;
  for (auto& [first_row, group] : members)
    if (group.size() > 1) groups.push_back(std::move(group));
  return groups;
}

std::vector<double> mean_distances(const Neighbours& neighbours) {
  const at::Tensor means = neighbours.distances.to(at::kDouble).mean(1).contiguous();
  return {means.data_ptr<double>(), means.data_ptr<double>() + means.numel()};
}

std::vector<size_t> odd_photos(const std::vector<double>& distances, const std::vector<int64_t>& labels) {
  std::map<int64_t, std::vector<double>> by_label;
  for (size_t i = 0; i < labels.size(); ++i) by_label[labels[i]].push_back(distances[i]);
  std::map<int64_t, double> fences;
  for (auto& [label, values] : by_label) {
    if (values.size() < 4) continue;
    std::sort(values.begin(), values.end());
    const double low = quantile_of(values, 0.25), high = quantile_of(values, 0.75);
    fences[label] = high + 1.5 * (high - low);
  }
  std::vector<size_t> odd;
  for (size_t i = 0; i < labels.size(); ++i)
    if (const auto fence = fences.find(labels[i]); fence != fences.end() && distances[i] > fence->second)
      odd.push_back(i);
  std::stable_sort(odd.begin(), odd.end(), [&](size_t a, size_t b) { return distances[a] > distances[b]; });
  return odd;
}

}  // namespace cvtool
