#include "data/loader.h"  // before doctest: what it includes has a CHECK of its own

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "base/cache_files.h"
#include "base/files.h"
#include "data/decode/versions.h"
#include "data/pixel_cache.h"
#include "data/temp_folder.h"

using namespace cvtool;
namespace fs = std::filesystem;

namespace {

// A home of its own for the cache of one test case.
struct CacheHome {
  TempFolder folder;
  CacheHome() { ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1); }
  ~CacheHome() { ::unsetenv("XDG_CACHE_HOME"); }
  std::string file() const {
    for (const auto& entry : fs::directory_iterator(cache_folder() + "/pixels")) return entry.path().string();
    return "";
  }
};

constexpr CacheShape kShape{4, 300};

std::vector<uint8_t> row_of(uint8_t value) { return std::vector<uint8_t>(kShape.row_bytes, value); }
ContentHash hash_of(uint64_t number) { return content_hash(&number, sizeof number); }

bool holds(const PixelCache& cache, size_t row, uint64_t content, uint8_t value) {
  std::vector<uint8_t> target(kShape.row_bytes);
  return cache.read(row, hash_of(content), target.data()) && target == row_of(value);
}

void fill(PixelCache& cache) {
  for (size_t row = 0; row < kShape.rows; ++row)
    cache.write(row, hash_of(row), row_of(static_cast<uint8_t>(10 + row)).data());
}

// Overwrites bytes of a file in place.
void damage(const std::string& path, std::streamoff at, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file << bytes;
}

}  // namespace

TEST_CASE("The disk cache is found again by a later run") {
  CacheHome home;
  {
    const auto cache = disk_cache(kShape, {"pixels", "key"});
    REQUIRE(cache);
    CHECK_FALSE(holds(*cache, 0, 0, 0));
    fill(*cache);
  }
  const auto again = disk_cache(kShape, {"pixels", "key"});
  for (size_t row = 0; row < kShape.rows; ++row) CHECK(holds(*again, row, row, static_cast<uint8_t>(10 + row)));
  CHECK_FALSE(holds(*disk_cache(kShape, {"pixels", "other"}), 1, 1, 11));
}

TEST_CASE("A row made from other content or damaged is not believed") {
  CacheHome home;
  fill(*disk_cache(kShape, {"pixels", "key"}));
  damage(home.file(), 8192 + 300 + 17, "?");
  // The entry and pixels of row 2 moved to row 3.
  const std::string bytes = read_file(home.file());
  damage(home.file(), 4096 + 3 * 24, bytes.substr(4096 + 2 * 24, 24));
  damage(home.file(), 8192 + 3 * 300, bytes.substr(8192 + 2 * 300, 300));
  const auto cache = disk_cache(kShape, {"pixels", "key"});
  CHECK(holds(*cache, 0, 0, 10));
  CHECK_FALSE(holds(*cache, 0, 99, 10));
  CHECK_FALSE(holds(*cache, 1, 1, 11));
  CHECK_FALSE(holds(*cache, 3, 2, 12));
  fill(*cache);
  CHECK(holds(*cache, 1, 1, 11));
}

TEST_CASE("A cache file of another kind or size is replaced") {
  CacheHome home;
  for (const std::string& wrong : {std::string("no cache"), std::string(100000, '\0'), std::string()}) {
    fill(*disk_cache(kShape, {"pixels", "key"}));
    std::ofstream(home.file(), std::ios::binary) << wrong;
    const auto cache = disk_cache(kShape, {"pixels", "key"});
    REQUIRE(cache);
    CHECK_FALSE(holds(*cache, 0, 0, 10));
    fill(*cache);
    CHECK(holds(*cache, 3, 3, 13));
  }
}

TEST_CASE("A cache file cut short while it is used costs rows, not the process") {
  CacheHome home;
  const auto cache = disk_cache(kShape, {"pixels", "key"});
  fill(*cache);
  fs::resize_file(home.file(), 8192 + 300);
  CHECK(holds(*cache, 0, 0, 10));
  CHECK_FALSE(holds(*cache, 2, 2, 12));
  fs::resize_file(home.file(), 0);
  CHECK_FALSE(holds(*cache, 0, 0, 10));
  fill(*cache);
  CHECK(holds(*cache, 2, 2, 12));
}

TEST_CASE("A cache that is open is in use, and of two kinds neither is the other") {
  CacheHome home;
  {
    const auto pixels = disk_cache(kShape, {"pixels", "key"}), features = disk_cache(kShape, {"features", "key"});
    fill(*pixels);
    CHECK_FALSE(holds(*features, 0, 0, 10));
    REQUIRE(cache_files().size() == 2);
    for (const CacheFile& file : cache_files()) CHECK(file.in_use);
    CHECK_FALSE(remove_cache_file(home.file()));
  }
  for (const CacheFile& file : cache_files()) CHECK(remove_cache_file(file.path));
}

TEST_CASE("Pixels of other decoders are other pixels") {
  const std::string versions = decoder_files();
  CHECK(versions == decoder_files());
  for (const char* library : {"libjpeg", "libpng", "libgif", "libwebp", "libtiff", "libopencv_core"}) {
    CAPTURE(library);
    CHECK(contains(versions, library));
  }
  CHECK_FALSE(contains(versions, "unknown"));
  TempFolder folder;
  for (int i = 0; i < 2; ++i) folder.write_photo((i % 2 ? "a/" : "b/") + std::to_string(i) + ".png", i);
  DataConfig config;
  config.valid = 0;
  const Dataset dataset = find_dataset(folder.path(), config, 1);
  CHECK(contains(PhotoStore(dataset.root, dataset.train, {}).pixel_key(), versions));
}

TEST_CASE("Photos of another folder, or that are read, turned or resized otherwise, are other pixels") {
  TempFolder folder, other;
  std::vector<LoaderOptions> all(8);
  all[1].data.imgsz = {160, 161};
  all[2].data.imgsz = {161, 160};
  all[3].data.resize = "crop";
  all[4].data.interpolation = "nearest";
  all[5].data.exif = false;
  ++all[6].read.max_pixels;
  all[7].data.resize = "pad";
  std::set<std::string> keys;
  for (const LoaderOptions& options : all) keys.insert(PhotoStore(folder.path(), {}, options).pixel_key());
  CHECK(keys.size() == all.size());
  CHECK(keys.count(PhotoStore(other.path(), {}, all[0]).pixel_key()) == 0);
  // What is kept for one cannot be read for another: each has a file of its own, found again.
  const CacheHome cache;
  for (const char* name : {"b/0.png", "a/1.png", "b/2.png"}) folder.write_photo(name, 1);
  const Dataset dataset = find_dataset(folder.path(), {}, 1);
  const auto files_of = [&](const LoaderOptions& options, std::vector<Sample> samples) {
    LoaderOptions on_disk = options;
    on_disk.cache = "disk";
    CHECK(PhotoStore(dataset.root, std::move(samples), on_disk).scan().empty());
    return cache_files({"pixels"}).size();
  };
  for (size_t i = 0; i < all.size(); ++i) CHECK(files_of(all[i], dataset.all()) == i + 1);
  CHECK(files_of(all[0], dataset.all()) == all.size());
  auto fewer = dataset.all();
  fewer.pop_back();
  CHECK(files_of(all[0], fewer) == all.size() + 1);
}

TEST_CASE("Without a place for it there is no disk cache, and no error") {
  TempFolder folder;
  folder.write("file", "x");
  ::setenv("XDG_CACHE_HOME", (folder / "file").c_str(), 1);
  CHECK(disk_cache(kShape, {"pixels", "key"}) == nullptr);
  ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
  CHECK(disk_cache({size_t{1} << 30, size_t{1} << 20}, {"pixels", "huge"}) == nullptr);
  CHECK(fs::is_empty(cache_folder() + "/pixels"));
  ::unsetenv("XDG_CACHE_HOME");
}

TEST_CASE("Cache files that nobody uses are removed after a month") {
  CacheHome home;
  fill(*disk_cache(kShape, {"pixels", "old"}));
  fs::last_write_time(home.file(), fs::file_time_type::clock::now() - std::chrono::hours(24 * 31));
  fill(*disk_cache(kShape, {"pixels", "new"}));
  CHECK(fs::path(home.file()).filename() == "new");
}

TEST_CASE("A store on disk decodes only what has changed and gives the same pixels as without a cache") {
  CacheHome home;
  TempFolder folder;
  for (int i = 0; i < 6; ++i) folder.write_photo((i % 2 ? "a/" : "b/") + std::to_string(i) + ".png", i);
  DataConfig config;
  config.valid = 0;
  const Dataset dataset = find_dataset(folder.path(), config, 1);
  LoaderOptions options;
  options.data.imgsz = {6, 6};
  const auto pixels_with = [&](const char* mode) {
    options.cache = mode;
    PhotoStore store(dataset.root, dataset.train, options);
    CHECK(store.scan().empty());
    std::vector<uint8_t> pixels(6 * 6 * 6 * 3);
    for (size_t i = 0; i < 6; ++i) CHECK(store.pixels(i, pixels.data() + i * 108));
    return pixels;
  };
  const auto first = pixels_with("disk");
  CHECK(first == pixels_with("none"));
  CHECK(first == pixels_with("disk"));
  folder.write_photo("a/3.png", 50);
  const auto changed = pixels_with("disk");
  CHECK(changed != first);
  CHECK(changed == pixels_with("none"));
  // Beyond the budget "auto" is the disk.
  fs::remove_all(cache_folder());
  options.cache_budget_bytes = 100;
  CHECK(pixels_with("auto") == changed);
  CHECK(home.file() != "");
}

TEST_CASE("A read-only data folder can be used") {
  CacheHome home;
  TempFolder folder;
  for (int i = 0; i < 4; ++i) folder.write_photo((i % 2 ? "a/" : "b/") + std::to_string(i) + ".png", i);
  ::chmod((folder / "a").c_str(), 0500);
  ::chmod(folder.path().c_str(), 0500);
  DataConfig config;
  config.valid = 0;
  const Dataset dataset = find_dataset(folder.path(), config, 1);
  LoaderOptions options;
  options.cache = "disk";
  PhotoStore store(dataset.root, dataset.train, options);
  CHECK(store.scan().empty());
  CHECK(store.samples().size() == 4);
  ::chmod(folder.path().c_str(), 0700);
  ::chmod((folder / "a").c_str(), 0700);
}
