// Photos that a net sees as alike, and those that are like no other.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace cvtool {

// Of each of N photos the nearest others by the cosine distance (0..2) of their features less the mean of all.
struct Neighbours {
  at::Tensor rows;       // [N,K] i64, the nearest first; of equals the first
  at::Tensor distances;  // [N,K] f32
};

// `features` [N,F] f32 on the CPU; K is `count`, or N-1 where that is less. Throws DataError for fewer than 2 photos.
Neighbours nearest_photos(const at::Tensor& features, int64_t count);

// Groups of two and more photos, each ascending: chains of neighbours no further apart than a twentieth of the median
// distance to the nearest one, or than rounding.
std::vector<std::vector<size_t>> alike_photos(const Neighbours& neighbours);

// Mean distance of each photo to its neighbours: [N].
std::vector<double> mean_distances(const Neighbours& neighbours);

// Rows whose mean distance lies above the third quartile of those of their label plus 1.5 interquartile ranges (Tukey's
// fence), the furthest first. Labels of fewer than 4 have none.
std::vector<size_t> odd_photos(const std::vector<double>& distances, const std::vector<int64_t>& labels);

}  // namespace cvtool
