#include "explain/embedding.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/csv.h"
#include "base/error.h"
#include "base/json.h"
#include "base/statistics.h"

namespace cvtool {
namespace {

struct Distance {
  double excess;  // beyond the fence
  size_t row;
};

void add_outliers(const at::Tensor& points, const std::vector<size_t>& rows, std::vector<Distance>& found) {
  const auto point = points.accessor<double, 2>();
  std::vector<double> x, y, distances;
  for (size_t row : rows) {
    x.push_back(point[static_cast<int64_t>(row)][0]);
    y.push_back(point[static_cast<int64_t>(row)][1]);
  }
  const double middle_x = median(x), middle_y = median(y);
  for (size_t i = 0; i < rows.size(); ++i) distances.push_back(std::hypot(x[i] - middle_x, y[i] - middle_y));
  const double fence = upper_fence(distances);
  for (size_t i = 0; i < rows.size(); ++i)
    if (distances[i] > fence) found.push_back({distances[i] - fence, rows[i]});
}

}  // namespace

Projection principal_components(const at::Tensor& features) {
  if (features.size(0) < 3) throw DataError("--embed: a map needs at least 3 photos");
  const at::Tensor x = features.to(at::kCPU, at::kDouble), centred = x - x.mean(0, true);
  // The smaller of the two Gram matrices has the same eigenvalues.
  const bool wide = centred.size(1) > centred.size(0);
  const at::Tensor gram = wide ? centred.matmul(centred.t()) : centred.t().matmul(centred);
  const auto [values, vectors] = at::linalg_eigh(gram, "L");
  const int64_t side = values.size(0);
  Projection projection{at::zeros({centred.size(0), 2}, at::kDouble), {}};
  const double total = centred.pow(2).sum().item<double>();
  for (int64_t axis = 0; axis < std::min<int64_t>(2, side); ++axis) {
    const double value = std::max(0.0, values[side - 1 - axis].item<double>());
    if (total <= 0 || value <= 1e-12 * total) continue;
    const at::Tensor vector = vectors.select(1, side - 1 - axis);
    at::Tensor weights = wide ? centred.t().matmul(vector) / std::sqrt(value) : vector;
    if (weights[weights.abs().argmax()].item<double>() < 0) weights = -weights;
    projection.points.select(1, axis).copy_(centred.matmul(weights));
    projection.explained[static_cast<size_t>(axis)] = value / total;
  }
  return projection;
}

std::vector<size_t> outliers_of(const at::Tensor& points, const std::vector<int64_t>& labels) {
  std::map<int64_t, std::vector<size_t>> rows;
  for (size_t i = 0; i < labels.size(); ++i) rows[labels[i]].push_back(i);
  std::vector<Distance> found;
  for (const auto& [label, members] : rows)
    if (members.size() >= 4) add_outliers(points, members, found);
  std::stable_sort(found.begin(), found.end(),
                   [](const Distance& a, const Distance& b) { return a.excess > b.excess; });
  std::vector<size_t> outliers;
  for (const Distance& distance : found) outliers.push_back(distance.row);
  return outliers;
}

std::string embedding_csv(const Embedding& embedding) {
  const auto point = embedding.projection.points.accessor<double, 2>();
  std::string text = "path,class,x,y,outlier\n";
  for (size_t i = 0; i < embedding.paths.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    const bool outlier = std::find(embedding.outliers.begin(), embedding.outliers.end(), i) != embedding.outliers.end();
    text += csv_cell(embedding.paths[i]) + "," + csv_cell(embedding.classes[static_cast<size_t>(embedding.labels[i])]) +
            "," + Json(point[row][0]).dump() + "," + Json(point[row][1]).dump() + (outlier ? ",yes\n" : ",no\n");
  }
  return text;
}

}  // namespace cvtool
