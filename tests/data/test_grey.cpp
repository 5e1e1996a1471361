// Photos of one channel: decoded, resized and kept.
#include "data/loader.h"  // before doctest: what it includes has a CHECK of its own

#include <ATen/ATen.h>

#include <doctest/doctest.h>

#include <opencv2/core.hpp>

#include "base/files.h"
#include "data/image.h"
#include "data/image_tensor.h"
#include "data/oracle.h"
#include "data/pixel_config.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

constexpr PixelFormat kGrey{1};

cv::Mat grey_noise(int height, int width) {
  cv::Mat image(height, width, CV_8UC1);
  cv::RNG random(2);
  random.fill(image, cv::RNG::UNIFORM, 0, 256);
  return image;
}

}  // namespace

TEST_CASE("Every kind of picture has, in grey, the values that Pillow gives it") {
  for (const auto& row : oracle_table("decode.tsv")) {
    CAPTURE(row[0]);
    const cv::Mat image = decode_for_net(read_file(oracle_pictures() / row[0]), {}, kGrey);
    REQUIRE(image.type() == CV_8UC1);
    std::string raw = read_file(oracle_pictures() / (row[0] + ".grey"));
    REQUIRE(raw.size() == image.total());
    const cv::Mat expected(image.rows, image.cols, CV_8UC1, raw.data());
    CHECK(cv::norm(image, expected, cv::NORM_INF) <= std::stod(row[3]));
  }
}

TEST_CASE("A grey picture is resized as each of three equal channels is, bit for bit") {
  const cv::Mat grey = grey_noise(37, 53);
  cv::Mat rgb;
  cv::merge(std::vector<cv::Mat>(3, grey), rgb);
  int compared = 0;
  for (const char* interpolation :
       {"nearest", "bilinear", "bicubic", "area", "lanczos", "bilinear_antialias", "bicubic_antialias"})
    for (const char* resize : {"stretch", "crop", "pad"})
      for (const ImageSize& size : {ImageSize{16, 16}, ImageSize{64, 31}}) {
        CAPTURE(interpolation);
        CAPTURE(resize);
        DataConfig config;
        config.interpolation = interpolation;
        config.resize = resize;
        config.imgsz = size;
        const cv::Mat out = resize_image(grey, config);
        REQUIRE(out.type() == CV_8UC1);
        cv::Mat first;
        cv::extractChannel(resize_image(rgb, config), first, 0);
        CHECK(cv::norm(out, first, cv::NORM_INF) == 0);
        ++compared;
      }
  CHECK(compared == 42);
}

TEST_CASE("A store of grey photos gives batches of one channel, from the cache too, and is no store of colours") {
  TempFolder folder;
  for (int i = 0; i < 4; ++i) folder.write_photo((i % 2 ? "a/" : "b/") + std::to_string(i) + ".png", i);
  DataConfig config = config_of(kGrey);
  const Dataset dataset = find_dataset(folder.path(), config, 1);
  LoaderOptions options;
  options.data = config;
  PhotoStore kept(dataset.root, dataset.train, options);
  options.cache = "none";
  PhotoStore anew(dataset.root, dataset.train, options);
  options.data.channels = 3;
  PhotoStore colours(dataset.root, dataset.train, options);
  for (PhotoStore* store : {&kept, &anew, &colours}) REQUIRE(store->scan().empty());
  const at::Tensor grey = read_batch(kept, in_order(4)).pixels;
  CHECK(grey.sizes() == at::IntArrayRef({4, 1, 8, 12}));
  CHECK(grey.stride(1) == 1);
  CHECK(grey.stride(3) == 1);
  CHECK(grey.equal(read_batch(anew, in_order(4)).pixels));
  CHECK(read_batch(colours, in_order(4)).pixels.sizes() == at::IntArrayRef({4, 3, 8, 12}));
  for (int64_t row = 0; row < 4; ++row) {
    const std::string bytes = read_file(sample_path(dataset.root, dataset.train[static_cast<size_t>(row)].path));
    CHECK(grey[row].equal(tensor_from_image(decode_resized(bytes, {}, config))[0]));
  }
  CHECK(kept.pixel_key() == anew.pixel_key());
  CHECK(kept.pixel_key() != colours.pixel_key());
  CHECK(kept.digest() == colours.digest());
}
