#include "explain/neighbours.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "base/disjoint_sets.h"
#include "base/error.h"
#include "base/statistics.h"

namespace cvtool {
namespace {

constexpr int64_t kRowsAtOnce = 512;
constexpr double kAlike = 1.0 / 20;      // of the median distance to the nearest photo
constexpr double kRoundingAlike = 1e-6;  // cosine distances of equal features in float32

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
      std::max(kAlike * upper_median({first.data_ptr<float>(), first.data_ptr<float>() + photos}), kRoundingAlike);
  DisjointSets sets(static_cast<size_t>(photos));
  const auto rows = neighbours.rows.accessor<int64_t, 2>();
  const auto distances = neighbours.distances.accessor<float, 2>();
  for (int64_t i = 0; i < photos; ++i)
    for (int64_t k = 0; k < kept && distances[i][k] <= near; ++k)
      sets.join(static_cast<size_t>(i), static_cast<size_t>(rows[i][k]));
  std::map<size_t, std::vector<size_t>> members;
  for (size_t i = 0; i < sets.count(); ++i) members[sets.first_of(i)].push_back(i);
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
  for (const auto& [label, values] : by_label) {
    if (values.size() >= 4) fences[label] = upper_fence(values);
  }
  std::vector<size_t> odd;
  for (size_t i = 0; i < labels.size(); ++i)
    if (const auto fence = fences.find(labels[i]); fence != fences.end() && distances[i] > fence->second)
      odd.push_back(i);
  std::stable_sort(odd.begin(), odd.end(), [&](size_t a, size_t b) { return distances[a] > distances[b]; });
  return odd;
}

}  // namespace cvtool
