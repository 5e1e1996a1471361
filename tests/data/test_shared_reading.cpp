#include "data/shared_reading.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <opencv2/core.hpp>
#include <thread>

#include "base/error.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "data/temp_folder.h"
#include "scratch.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

constexpr size_t kPhotos = 40;

// Several processes, each a thread of the test.
class Meeting {
 public:
  explicit Meeting(size_t processes) : given_(processes) {}

  SharedReading reading_of(size_t process) {
    return {{process, given_.size()}, [this, process](const std::string& mine) {
              std::unique_lock<std::mutex> lock(mutex_);
              given_[process] = mine;
              ++come_;
              changed_.notify_all();
              changed_.wait(lock, [this] { return come_ >= given_.size(); });
              return given_;
            }};
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> given_;
  size_t come_ = 0;
};

void write_photos(const TempFolder& folder, const std::string& name) {
  cv::RNG random(7);
  for (size_t i = 0; i < kPhotos; ++i) {
    cv::Mat picture(9, 9, CV_8UC3);
    random.fill(picture, cv::RNG::UNIFORM, 0, 256);
    const std::string number = (i < 10 ? "0" : "") + std::to_string(i);
    folder.write(name + "/train/" + (i % 2 ? "a/" : "b/") + number + ".png", encoded(picture, ".png"));
  }
  folder.write(name + "/train/a/bad.png", "no photo");
}

std::unique_ptr<PhotoStore> store_of(const std::string& folder, const SharedReading& shared,
                                     const std::string& cache = "ram") {
  LoaderOptions options;
  options.data.imgsz = {8, 8};
  options.cache = cache;
  options.shared = shared;
  const Dataset dataset = find_dataset(folder, options.data, 1);
  return std::make_unique<PhotoStore>(dataset.root, dataset.train, options);
}

std::string pixels_of(const PhotoStore& store) {
  std::string all;
  std::vector<uint8_t> pixels(8 * 8 * 3);
  for (size_t i = 0; i < store.samples().size(); ++i) {
    if (!store.pixels(i, pixels.data())) throw Error("a photo without pixels");
    all.append(pixels.begin(), pixels.end());
  }
  return all;
}

struct Shared {
  std::vector<std::unique_ptr<PhotoStore>> stores;
  std::vector<std::vector<BadFile>> bad;
};

// Each process has a folder of its own.
Shared read_together(const std::vector<std::string>& folders, const std::string& cache = "ram") {
  Meeting meeting(folders.size());
  Shared out;
  out.bad.resize(folders.size());
  std::vector<std::thread> threads;
  for (size_t process = 0; process < folders.size(); ++process)
    out.stores.push_back(store_of(folders[process], meeting.reading_of(process), cache));
  for (size_t process = 0; process < folders.size(); ++process)
    threads.emplace_back([&, process] { out.bad[process] = out.stores[process]->scan(); });
  for (std::thread& thread : threads) thread.join();
  return out;
}

}  // namespace

TEST_CASE("Processes that each read a share know of all photos what one process knows") {
  const TempFolder folder;
  write_photos(folder, "photos");
  const auto alone = store_of(folder / "photos", {});
  REQUIRE(alone->scan().size() == 1);
  for (const char* cache : {"ram", "disk", "none"}) {
    ::setenv("XDG_CACHE_HOME", (folder / (std::string("cache-") + cache)).c_str(), 1);
    for (const size_t processes : {2, 3}) {
      const Shared shared = read_together(std::vector<std::string>(processes, folder / "photos"), cache);
      size_t read = 0;
      for (size_t process = 0; process < processes; ++process) {
        const PhotoStore& store = *shared.stores[process];
        REQUIRE(shared.bad[process].size() == 1);
        CHECK(shared.bad[process][0].path == "train/a/bad.png");
        CHECK_FALSE(shared.bad[process][0].reason.empty());
        CHECK(store.digest() == alone->digest());
        CHECK((pixels_of(store) == pixels_of(*alone)));
        read += store.own_rows().size();
        CHECK(store.own_rows().size() < alone->samples().size());
      }
      CHECK(read == alone->samples().size());
    }
    ::unsetenv("XDG_CACHE_HOME");
  }
}

TEST_CASE("A process opens its own photos only; one that is another on its machine is named when it is used") {
  const TempFolder folder;
  write_photos(folder, "first");
  write_photos(folder, "second");
  // Of one process's photos the other one's copies are spoilt.
  const auto list = store_of(folder / "first", {});
  SharedReading second;
  second.process = 1;
  second.processes = 2;
  std::string spoilt;
  for (size_t i = 0; i < list->samples().size(); ++i)
    if (!second.is_own(i) && list->samples()[i].path.find("bad") == std::string::npos)
      folder.write("second/" + (spoilt = list->samples()[i].path), "spoilt");
  const Shared shared = read_together({folder / "first", folder / "second"});
  CHECK(shared.bad[1].size() == 1);
  CHECK(shared.stores[0]->digest() == shared.stores[1]->digest());
  CHECK_FALSE(pixels_of(*shared.stores[0]).empty());
  const std::string message = message_of([&] { pixels_of(*shared.stores[1]); });
  CHECK(contains(message, "train/"));
  CHECK(contains(message, "changed while it was in use; give each machine the same files"));
}

TEST_CASE("Processes that need a file of the cache at once make one, and both use it") {
  const TempFolder folder;
  ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1);
  constexpr size_t kRows = 64, kBytes = 512;
  std::vector<std::unique_ptr<PixelCache>> caches(4);
  std::vector<std::thread> threads;
  for (auto& cache : caches) threads.emplace_back([&cache] { cache = disk_cache({kRows, kBytes}, {"pixels", "key"}); });
  for (std::thread& thread : threads) thread.join();
  const std::vector<uint8_t> pixels(kBytes, 9);
  std::vector<uint8_t> read(kBytes);
  for (size_t i = 0; i < caches.size(); ++i) {
    REQUIRE(caches[i]);
    caches[i]->write(i, content_hash("x"), pixels.data());
  }
  for (const auto& cache : caches)
    for (size_t i = 0; i < caches.size(); ++i) CHECK(cache->read(i, content_hash("x"), read.data()));
  CHECK(names_in(folder / "cache/cvtool/pixels").size() == 1);
  ::unsetenv("XDG_CACHE_HOME");
}
