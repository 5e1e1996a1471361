#include "explain/embedding.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "base/error.h"
#include "scratch.h"

using namespace cvtool;

namespace {

at::Tensor some_features(int64_t rows, int64_t columns) {
  at::manual_seed(11);
  return at::randn({rows, columns}, at::kDouble).matmul(at::randn({columns, columns}, at::kDouble));
}

// OpenCV's PCA, up to the sign of each axis.
at::Tensor reference(const at::Tensor& features) {
  const at::Tensor x = features.contiguous();
  const cv::Mat data(static_cast<int>(x.size(0)), static_cast<int>(x.size(1)), CV_64F, x.data_ptr<double>());
  const cv::PCA pca(data, cv::noArray(), cv::PCA::DATA_AS_ROW, 2);
  cv::Mat points = pca.project(data);
  return at::from_blob(points.ptr<double>(), {x.size(0), 2}, at::kDouble).clone();
}

Embedding two_clusters() {
  Embedding embedding;
  embedding.classes = {"cat", "dog"};
  at::Tensor points = at::zeros({40, 2}, at::kDouble);
  for (int64_t i = 0; i < 40; ++i) {
    const double angle = 0.7 * static_cast<double>(i);
    points[i][0] = (i < 20 ? -5 : 5) + std::cos(angle);
    points[i][1] = std::sin(angle);
    embedding.paths.push_back("set/photo_" + std::to_string(i) + ".jpg");
    embedding.labels.push_back(i < 20 ? 0 : 1);
  }
  points[3][0] = 5;  // a "cat" among the dogs
  embedding.projection.points = points;
  embedding.outliers = outliers_of(points, embedding.labels);
  return embedding;
}

}  // namespace

TEST_CASE("Principal components are OpenCV's, for many features and for few") {
  for (const auto& size : {std::pair<int64_t, int64_t>{30, 7}, {9, 50}, {12, 2}}) {
    CAPTURE(size.second);
    const at::Tensor features = some_features(size.first, size.second), expected = reference(features);
    const Projection projection = principal_components(features);
    for (int64_t axis = 0; axis < 2; ++axis) {
      const at::Tensor mine = projection.points.select(1, axis), other = expected.select(1, axis);
      const double sign = (mine * other).sum().item<double>() < 0 ? -1 : 1;
      CHECK((mine - sign * other).abs().max().item<double>() < 1e-8);
    }
    const at::Tensor variance = (features - features.mean(0, true)).pow(2).sum();
    const double fraction = projection.points.select(1, 0).pow(2).sum().item<double>() / variance.item<double>();
    CHECK(projection.explained[0] == doctest::Approx(fraction));
    CHECK(projection.explained[0] >= projection.explained[1]);
  }
}

TEST_CASE("Photos that all look the same lie on one point; two photos are no map") {
  const Projection projection = principal_components(at::ones({5, 4}));
  CHECK(projection.points.abs().max().item<double>() == 0);
  CHECK_THROWS_AS(principal_components(at::ones({2, 4})), DataError);
}

TEST_CASE("The one photo that lies far from its class is the outlier") {
  CHECK(two_clusters().outliers == std::vector<size_t>{3});
  CHECK(outliers_of(at::tensor({0., 0., 9., 9., 0., 1.}, at::kDouble).reshape({3, 2}), {0, 0, 0}).empty());
}

TEST_CASE("The map is written as a picture and as CSV") {
  const Scratch scratch;
  const Embedding embedding = two_clusters();
  write_embedding_picture(scratch / "map.png", "title", embedding);
  const cv::Mat picture = cv::imread(scratch / "map.png");
  CHECK(picture.cols == 1000);
  const std::string csv = embedding_csv(embedding);
  CHECK(csv.rfind("path,class,x,y,outlier\nset/photo_0.jpg,cat,-4", 0) == 0);
  CHECK(contains(csv, "set/photo_3.jpg,cat,5"));
  CHECK(contains(csv.substr(csv.find("photo_3.jpg")), ",yes\n"));
}
