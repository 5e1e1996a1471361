// Photos of two classes, "a" and "b", drawn at random, found and opened, with a cache folder of their own.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <opencv2/core.hpp>
#include <string>

#include "data/dataset.h"
#include "data/loader.h"
#include "data/temp_folder.h"

namespace cvtool {

class OpenedPhotos {
 public:
  explicit OpenedPhotos(int count, ImageSize size = {8, 8}) {
    ::setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
    cv::RNG random(7);
    for (int i = 0; i < count; ++i) {
      cv::Mat picture(12, 16, CV_8UC3);
      random.fill(picture, cv::RNG::UNIFORM, 0, 256);
      folder_.write("photos/" + std::string(i % 2 ? "a/" : "b/") + std::to_string(i) + ".png",
                    encoded(picture, ".png"));
    }
    LoaderOptions loader;
    loader.data.imgsz = size;
    loader.data.valid = 0;
    const Dataset dataset = find_dataset(folder_ / "photos", loader.data, 1);
    store = std::make_unique<PhotoStore>(dataset.root, dataset.train, loader);
    REQUIRE(store->scan().empty());
  }
  ~OpenedPhotos() { ::unsetenv("XDG_CACHE_HOME"); }
  OpenedPhotos(const OpenedPhotos&) = delete;
  OpenedPhotos& operator=(const OpenedPhotos&) = delete;

  std::unique_ptr<PhotoStore> store;

 private:
  TempFolder folder_;
};

}  // namespace cvtool
