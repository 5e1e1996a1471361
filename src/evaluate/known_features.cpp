#include "evaluate/known_features.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/document.h"
#include "base/error.h"
#include "base/random.h"
#include "evaluate/number_text.h"
#include "model/model_info.h"
#include "torch/lanes.h"

namespace cvtool {
namespace {

constexpr int64_t kMostFeatures = 2048;
constexpr const char* kMethod = "mahalanobis";

// The principal directions [D,R] of centred rows [N,D] f64, R at most `most`, the strongest last. The smaller of the
// two Gram matrices has the same eigenvalues.
at::Tensor principal_directions(const at::Tensor& centred, int64_t most) {
  const bool wide = centred.size(1) > centred.size(0);
  const at::Tensor gram = wide ? centred.matmul(centred.t()) : centred.t().matmul(centred);
  const auto [values, vectors] = at::linalg_eigh(gram, "L");
  constexpr double kNothing = 1e-10;  // of the largest: rounding
  const int64_t side = values.size(0);
  const double least = kNothing * values[side - 1].item<double>();
  const int64_t rank = std::min(most, (values > least).sum().item<int64_t>());
  const at::Tensor strongest = vectors.narrow(1, side - rank, rank);
  if (!wide) return strongest;
  return centred.t().matmul(strongest) / values.narrow(0, side - rank, rank).sqrt();
}

// The mean variance of rows [N,D] f64 of mean 0, and by how much their covariance is to be shrunk.
struct Shrinkage {
  double variance = 0, amount = 0;
};

Shrinkage shrinkage_of(const at::Tensor& rows) {
  const auto count = static_cast<double>(rows.size(0)), width = static_cast<double>(rows.size(1));
  const bool wide = rows.size(1) > rows.size(0);
  const at::Tensor gram = (wide ? rows.matmul(rows.t()) : rows.t().matmul(rows)) / count;
  const at::Tensor squared = rows.pow(2).sum(1);
  Shrinkage out;
  out.variance = squared.sum().item<double>() / count / width;
  const double norm = gram.pow(2).sum().item<double>();  // of the covariance
  const double delta = norm / width - out.variance * out.variance;
  const double beta = (squared.pow(2).sum().item<double>() / count - norm) / count / width;
  out.amount = delta > 0 ? std::min(1.0, std::max(0.0, beta / delta)) : 1;
  return out;
}

// [C,D] f64; a class without photos has the mean of all, which is 0.
at::Tensor means_of_classes(const at::Tensor& centred, const std::vector<int64_t>& labels, int64_t classes) {
  at::Tensor means = at::zeros({classes, centred.size(1)}, at::kDouble);
  std::vector<int64_t> counts(static_cast<size_t>(classes));
  for (size_t row = 0; row < labels.size(); ++row) {
    means[labels[row]] += centred[static_cast<int64_t>(row)];
    ++counts.at(static_cast<size_t>(labels[row]));
  }
  for (int64_t k = 0; k < classes; ++k)
    means[k] /= static_cast<double>(std::max<int64_t>(1, counts[static_cast<size_t>(k)]));
  return means;
}

at::Tensor of_seen_classes(const at::Tensor& centres, const std::vector<int64_t>& labels) {
  std::vector<at::Tensor> seen;
  for (int64_t k = 0; k < centres.size(0); ++k)
    if (std::find(labels.begin(), labels.end(), k) != labels.end()) seen.push_back(centres[k]);
  return at::stack(seen);
}

// [N,F] -> [N,kMostFeatures].
at::Tensor folded(const at::Tensor& rows) {
  const int64_t width = rows.size(1);
  at::Tensor sums = at::zeros({rows.size(0), kMostFeatures}, at::kFloat);
  for (int64_t i = 0; i < width; ++i) {
    Random random(0, "fold", 0, static_cast<uint64_t>(i));
    const int64_t place = random.below(kMostFeatures);
    const float sign = random.bits32() % 2 == 0 ? 1 : -1;
    for (int64_t row = 0; row < rows.size(0); ++row)
      sums.data_ptr<float>()[row * kMostFeatures + place] += sign * rows.data_ptr<float>()[row * width + i];
  }
  return sums;
}

double dot(const float* a, const double* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

}  // namespace

at::Tensor compared_features(const at::Tensor& features) {
  const int64_t width = features.size(-1);
  at::Tensor rows = features.reshape({-1, width}).contiguous();
  if (width > kMostFeatures) rows = folded(rows);
  at::Tensor scaled = at::empty_like(rows);
  for (int64_t row = 0; row < rows.size(0); ++row) {
    const float* from = rows.data_ptr<float>() + row * rows.size(1);
    float* to = scaled.data_ptr<float>() + row * rows.size(1);
    double squared = 0;
    for (int64_t i = 0; i < rows.size(1); ++i) squared += static_cast<double>(from[i]) * static_cast<double>(from[i]);
    const double length = squared > 0 ? std::sqrt(squared) : 1;
    for (int64_t i = 0; i < rows.size(1); ++i) to[i] = static_cast<float>(static_cast<double>(from[i]) / length);
  }
  return features.dim() == 1 ? scaled[0] : scaled;
}

KnownFeatures fit_known_features(const at::Tensor& features, const std::vector<int64_t>& labels, int64_t classes,
                                 int64_t most_directions) {
  const Lane lane;
  const at::NoGradGuard no_grad;
  const at::Tensor x = features.to(at::kDouble), mean = x.mean(0), centred = x - mean;
  const at::Tensor means = means_of_classes(centred, labels, classes);
  const at::Tensor within = centred - means.index_select(0, at::tensor(labels, at::kLong));
  const Shrinkage shrinkage = shrinkage_of(within);
  if (!(shrinkage.variance > 0))
    throw DataError("the net gives all photos of a class the same features, so nothing can be told unknown by them");
  const at::Tensor directions = principal_directions(centred, most_directions), along = within.matmul(directions);
  const int64_t width = x.size(1), rank = directions.size(1);
  const double keep = 1 - shrinkage.amount, added = shrinkage.amount * shrinkage.variance;
  const at::Tensor covariance =
      along.t().matmul(along) * (keep / static_cast<double>(x.size(0))) + added * at::eye(rank, at::kDouble);
  const auto [variances, turn] = at::linalg_eigh(covariance, "L");
  // Of a direction in which no photo differs, what the others have on average, or every photo would be unknown for it.
  const double total = shrinkage.variance * static_cast<double>(width), least = 1e-6 * shrinkage.variance;
  KnownFeatures known;
  known.photos = x.size(0);
  known.shrinkage = shrinkage.amount;
  known.mean = mean.to(at::kFloat).contiguous();
  known.basis = directions.matmul(turn).t().to(at::kHalf).to(at::kFloat).contiguous();
  known.variances = variances.clamp_min(least).to(at::kFloat).contiguous();
  if (width > rank)
    known.rest = std::max(least, (total - covariance.trace().item<double>()) / static_cast<double>(width - rank));
  known.centres = of_seen_classes(means, labels).matmul(known.basis.to(at::kDouble).t()).to(at::kFloat).contiguous();
  return known;
}

double distance_of(const KnownFeatures& known, const at::Tensor& features) {
  const int64_t width = known.features(), rank = known.basis.size(0);
  if (!features.defined() || features.numel() != width)
    throw Error(
        "the net does not give the features that its file says were fitted; fit it again with cvtool eval "
        "--fit-unknown");
  std::vector<double> centred(static_cast<size_t>(width)), along;
  double outside = 0;
  for (int64_t i = 0; i < width; ++i) {
    const auto at = static_cast<size_t>(i);
    centred[at] =
        static_cast<double>(features.data_ptr<float>()[i]) - static_cast<double>(known.mean.data_ptr<float>()[i]);
    outside += centred[at] * centred[at];
  }
  for (int64_t r = 0; r < rank; ++r) {
    along.push_back(dot(known.basis.data_ptr<float>() + r * width, centred.data(), width));
    outside -= along.back() * along.back();
  }
  double nearest = std::numeric_limits<double>::infinity();
  for (int64_t k = 0; k < known.centres.size(0); ++k) {
    double squared = 0;
    for (int64_t r = 0; r < rank; ++r) {
      const double off =
          along[static_cast<size_t>(r)] - static_cast<double>(known.centres.data_ptr<float>()[k * rank + r]);
      squared += off * off / static_cast<double>(known.variances.data_ptr<float>()[r]);
    }
    nearest = std::min(nearest, squared);
  }
  if (known.rest > 0) nearest += std::max(0.0, outside) / known.rest;
  return std::sqrt(nearest / static_cast<double>(width));
}

std::vector<double> distances_of(const KnownFeatures& known, const at::Tensor& features) {
  if (!features.defined()) return {distance_of(known, features)};
  std::vector<double> distances;
  for (int64_t row = 0; row < features.size(0); ++row) distances.push_back(distance_of(known, features[row]));
  return distances;
}

namespace {

struct StoredKnown {
  std::string method, mean, basis, variances, centres, split, distances;
  int64_t photos = 0, features = 0, directions = 0, centres_count = 0;
  double shrinkage = 0, rest = 0;
};
void fields(StoredKnown& k, DocumentReader& visit) {
  visit("method", k.method, kRequired), visit("photos", k.photos, kRequired), visit("features", k.features, kRequired);
  visit("directions", k.directions, kRequired), visit("classes", k.centres_count, kRequired);
  visit("shrinkage", k.shrinkage, kRequired), visit("rest", k.rest, kRequired), visit("mean", k.mean, kRequired);
  visit("basis", k.basis, kRequired), visit("variances", k.variances, kRequired);
  visit("centres", k.centres, kRequired), visit("split", k.split, kRequired);
  visit("distances", k.distances, kRequired);
}

}  // namespace

Json known_features_json(const KnownFeatures& known) {
  return {{"method", kMethod},
          {"photos", known.photos},
          {"features", known.features()},
          {"directions", known.basis.size(0)},
          {"classes", known.centres.size(0)},
          {"shrinkage", known.shrinkage},
          {"rest", known.rest},
          {"mean", text_of_numbers(known.mean)},
          {"basis", text_of_numbers(known.basis.to(at::kHalf))},
          {"variances", text_of_numbers(known.variances)},
          {"centres", text_of_numbers(known.centres)},
          {"split", known.split},
          {"distances", text_of_numbers(at::tensor(known.distances, at::kDouble))}};
}

KnownFeatures known_features_of(const Json& info, const std::string& path) {
  const std::string place = path + ": cvtool.json: unknown", again = "fit it again with cvtool eval --fit-unknown";
  const auto stored = read_document<StoredKnown>(info.at(kUnknownKey), place, again);
  if (stored.method != kMethod)
    throw Error(place + ": the method '" + stored.method + "' is not known to this cvtool; " + again);
  constexpr int64_t kMost = 1 << 20;
  for (const int64_t size : {stored.features, stored.directions, stored.centres_count})
    if (size < 1 || size > kMost) throw Error(place + ": sizes are damaged; " + again);
  const auto numbers = [&](const std::string& text, at::ScalarType type, std::vector<int64_t> shape) {
    return numbers_of_text(text, type, std::move(shape), place + ": " + again);
  };
  KnownFeatures known;
  known.photos = stored.photos;
  known.shrinkage = stored.shrinkage;
  known.rest = stored.rest;
  known.split = stored.split;
  known.mean = numbers(stored.mean, at::kFloat, {stored.features});
  known.basis = numbers(stored.basis, at::kHalf, {stored.directions, stored.features}).to(at::kFloat);
  known.variances = numbers(stored.variances, at::kFloat, {stored.directions});
  known.centres = numbers(stored.centres, at::kFloat, {stored.centres_count, stored.directions});
  const at::Tensor distances = numbers(stored.distances, at::kDouble, {-1});
  known.distances = {distances.data_ptr<double>(), distances.data_ptr<double>() + distances.numel()};
  if (!(known.rest >= 0) || !(known.variances > 0).all().item<bool>() || known.distances.empty() ||
      !std::is_sorted(known.distances.begin(), known.distances.end()))
    throw Error(place + ": its numbers are damaged; " + again);
  return known;
}

}  // namespace cvtool
