// The photos of a folder as points: what a net makes of them, in two dimensions.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <string>
#include <vector>

namespace cvtool {

struct Projection {
  at::Tensor points;                  // [N,2] f64, centred; the sign of each axis makes its largest weight positive
  std::array<double, 2> explained{};  // fraction of the features' variance on each axis
};

// Principal component analysis of features [N,F]. Throws DataError for fewer than 3 photos.
Projection principal_components(const at::Tensor& features);

// Rows that lie further from the middle (median) of their class than the third quartile of these distances plus 1.5
// interquartile ranges (Tukey's fence), the furthest first. Classes of fewer than 4 have none.
std::vector<size_t> outliers_of(const at::Tensor& points, const std::vector<int64_t>& labels);

struct Embedding {
  std::vector<std::string> paths, classes;
  std::vector<int64_t> labels;
  Projection projection;
  std::vector<size_t> outliers;
};

// One dot a photo, one colour a class; up to 12 outliers are named. PNG, or JPEG where the path ends so.
void write_embedding_picture(const std::string& path, const std::string& title, const Embedding& embedding);

// path,class,x,y,outlier.
std::string embedding_csv(const Embedding& embedding);

}  // namespace cvtool
