// Archives against Python's zipfile and tarfile, which write them.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "data/archive/archive_index.h"
#include "data/archive/photo_place.h"
#include "data/copies.h"
#include "data/dataset.h"
#include "data/folders.h"
#include "data/image.h"
#include "data/list/listing.h"
#include "data/photo_paths.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

// Photos of two classes and the archives that the script makes of them, once.
struct Archives {
  TempFolder folder;
  std::string photos = folder / "photos";

  static const Archives& get() {
    static const Archives archives;
    return archives;
  }
  std::string operator/(const std::string& name) const { return folder / ("made/" + name); }

 private:
  Archives() {
    for (int i = 0; i < 24; ++i)
      folder.write_photo(std::string("photos/") + (i % 2 ? "dog" : "cat") + "/" + std::to_string(i / 2) + ".jpg", i,
                         {40 + i, 30});
    const std::string command = std::string(CVTOOL_PYTHON) + " -W ignore " + CVTOOL_TESTS_FOLDER +
                                "/data/make_archives.py '" + photos + "' '" + folder.path() + "/made'";
    REQUIRE(std::system(command.c_str()) == 0);
  }
};

using Placed = std::map<std::string, std::pair<std::string, std::string>>;  // path -> split, class

Placed placed(const Dataset& dataset) {
  Placed out;
  for (const char* split : {"train", "valid", "test"})
    for (const Sample& sample : dataset.split(split))
      out[sample.path] = {split, dataset.classes[static_cast<size_t>(sample.label)]};
  return out;
}

std::map<std::string, int> counted_classes(const Dataset& dataset, const std::string& split) {
  std::map<std::string, int> counts;
  for (const Sample& sample : dataset.split(split)) ++counts[dataset.classes[static_cast<size_t>(sample.label)]];
  return counts;
}

}  // namespace

TEST_CASE("An archive is the same set as its folder, photo by photo, whoever wrote it") {
  const Archives& archives = Archives::get();
  const Dataset folder = find_dataset(archives.photos, {}, 7);
  REQUIRE(folder.all().size() == 24);
  REQUIRE(folder.valid.size() > 1);
  for (const std::string& name : names_in(archives / "good")) {
    CAPTURE(name);
    const Dataset dataset = find_dataset(archives / "good/" + name, {}, 7);
    CHECK(dataset.layout == "flat");
    CHECK(placed(dataset) == placed(folder));
    for (const Sample& sample : dataset.all()) {
      const std::string path = sample_path(dataset.root, sample.path),
                        whole = content_of(archives.photos + "/" + sample.path);
      REQUIRE(read_photo_file(path) == whole);
      REQUIRE(length_of(path) == static_cast<int64_t>(whole.size()));
      REQUIRE(read_photo_part(path, 5, 10) == whole.substr(5, 10));
      REQUIRE(read_photo_part(path, whole.size() - 2, 10) == whole.substr(whole.size() - 2));
      REQUIRE(read_photo_part(path, whole.size(), 10).empty());
    }
  }
}

TEST_CASE("A hostile or damaged archive is refused by its name, with the reason") {
  const Archives& archives = Archives::get();
  const std::map<std::string, std::string> reasons{{"up.tar", "'../x.jpg' leads out of the archive"},
                                                   {"up-inside.tar", "'a/../../x.jpg' leads out"},
                                                   {"absolute.tar", "'/etc/x.jpg' has a path from the root"},
                                                   {"symbolic-link.tar", "'odd' is a symbolic link"},
                                                   {"hard-link.tar", "'odd' is a hard link"},
                                                   {"device.tar", "'odd' is a device"},
                                                   {"fifo.tar", "'odd' is a FIFO"},
                                                   {"twice.tar", "'cat/0.jpg' is there twice"},
                                                   {"folder-and-file.tar", "'cat' is a file and a folder"},
                                                   {"cut-in-photo.tar", "is larger than what is there"},
                                                   {"cut-in-header.tar", "is larger than what is there"},
                                                   {"without-end.tar", "has no end: it is cut short"},
                                                   {"half-end.tar", "has half an end"},
                                                   {"goes-on.tar", "goes on behind its end"},
                                                   {"damaged.tar", "is no TAR or ZIP file"},
                                                   {"text.tar", "is no TAR or ZIP file"},
                                                   {"empty.tar", "is no TAR or ZIP file"},
                                                   {"endless.tar", "is larger than what is there"},
                                                   {"compressed.tar.bz2", "is compressed by bzip2 or xz"},
                                                   {"cut.tar.gz", "cannot be unpacked: it is cut short"},
                                                   {"damaged.tar.gz", "cannot be unpacked: it is damaged"},
                                                   {"checksum.tar.gz", "cannot be unpacked: it is damaged"},
                                                   {"more.tar.gz", "cannot be unpacked: it is damaged"},
                                                   {"bomb.tar.gz", "unpacks to more than 200 times"},
                                                   {"text.tar.gz", "is no TAR or ZIP file"},
                                                   {"up.tar.gz", "'../x.jpg' leads out of the archive"},
                                                   {"up.zip", "'../x.jpg' leads out of the archive"},
                                                   {"absolute.zip", "'/x.jpg' has a path from the root"},
                                                   {"drive.zip", "'C:/x.jpg' has a path from the root of a drive"},
                                                   {"back-up.zip", "leads out of the archive"},
                                                   {"symbolic-link.zip", "'link.jpg' is a symbolic link"},
                                                   {"device.zip", "'zero.jpg' is a device"},
                                                   {"twice.zip", "'cat/0.jpg' is there twice"},
                                                   {"encrypted.zip", "'x.jpg' is encrypted"},
                                                   {"method.zip", "compressed by method 93"},
                                                   {"shared.zip", "shares its bytes"},
                                                   {"two-sizes.zip", "'x.jpg' is stored with two sizes"},
                                                   {"beyond.zip", "lies behind the end"},
                                                   {"cut.zip", "has no directory at its end"},
                                                   {"half.zip", "has no directory at its end"},
                                                   {"more.zip", "has no directory at its end"},
                                                   {"before.zip", "damaged directory"},
                                                   {"bomb.zip", "unpack to 8,388,608, which no photo does"}};
  CHECK(names_in(archives / "bad").size() == reasons.size());
  for (const auto& one : reasons) {
    const std::string &name = one.first, &reason = one.second;
    CAPTURE(name);
    const std::string path = archives / "bad/" + name;
    CHECK_THROWS_WITH_AS(find_dataset(path, {}, 1), doctest::Contains(reason.c_str()), DataError);
    CHECK_THROWS_WITH_AS(find_dataset(path, {}, 1), doctest::Contains((path + ": ").c_str()), DataError);
  }
}

TEST_CASE("A photo whose bytes are not those of its archive cannot be read, and the others can") {
  const Archives& archives = Archives::get();
  CHECK_THROWS_WITH_AS(read_photo_file(archives / "damaged/wrong-bytes.zip/cat/0.jpg"), doctest::Contains("CRC-32"),
                       DataError);
  CHECK_THROWS_WITH_AS(read_photo_file(archives / "damaged/wrong-size.zip/cat/0.jpg"),
                       doctest::Contains("another number of bytes"), DataError);
  CHECK_THROWS_WITH_AS(read_photo_file(archives / "good/pax.tar/cat/none.jpg"), doctest::Contains("not in the archive"),
                       DataError);
}

TEST_CASE("An archive that is replaced is looked at again, and what was found before is not mixed with it") {
  const Archives& archives = Archives::get();
  const TempFolder folder;
  const std::string archive = folder / "a.tar";
  namespace fs = std::filesystem;
  fs::copy_file(archives / "good/pax.tar", archive);
  const ArchiveIndex index(archive);
  const ArchiveEntry* entry = index.find("cat/0.jpg");
  REQUIRE(entry);
  fs::copy_file(archives / "good/long-pax.tar", archive, fs::copy_options::overwrite_existing);
  fs::last_write_time(archive, fs::file_time_type::clock::now() + std::chrono::hours(1));
  CHECK_THROWS_WITH_AS(index.read(*entry, 0, 10), doctest::Contains("has changed"), DataError);
  CHECK(placed(find_dataset(archive, {}, 7)) == placed(find_dataset(archives.photos, {}, 7)));
}

TEST_CASE("An archive is a folder for whoever walks, and a folder in it is one too") {
  const Archives& archives = Archives::get();
  CHECK(folder_of_photos(archives / "good/in-folder.zip") == archives / "good/in-folder.zip/set/of photos");
  CHECK(find_images(archives / "good/in-folder.zip").size() == 24);
  CHECK(images_in(archives / "good/stored.zip/dog").size() == 12);
  CHECK(folders_in(archives / "good/stored.zip") == std::vector<std::string>{"cat", "dog"});
  CHECK(place_of(archives / "good/stored.zip/dog").is_folder());
  CHECK(place_of(archives / "good/stored.zip/do").kind == PhotoPlace::Kind::kNothing);
  CHECK(place_of(archives / "good/stored.zip/dog/0.jpg").is_file());
  PhotoLister lister({{archives / "good/pax.tar/cat", archives / "bad/up.tar"}}, [] { return false; });
  std::vector<PhotoSource> named;
  for (PhotoSource photo; lister.next(photo);) named.push_back(photo);
  REQUIRE(named.size() == 13);
  CHECK(named[0].path == archives / "good/pax.tar/cat/0.jpg");
  CHECK(starts_with(named[12].error, "the entry '../x.jpg'"));
}

TEST_CASE("Photos are read from an archive by several threads at once") {
  const Archives& archives = Archives::get();
  for (const char* name : {"good/deflated.zip", "good/gnu.tar"}) {
    std::vector<std::thread> threads;
    std::vector<int> right(4);
    for (size_t t = 0; t < right.size(); ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 60; ++i) {
          const std::string photo = "/dog/" + std::to_string((i + static_cast<int>(t)) % 12) + ".jpg";
          right[t] += read_photo_file(archives / name + photo) == content_of(archives.photos + photo);
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(std::all_of(right.begin(), right.end(), [](int n) { return n == 60; }));
  }
}

TEST_CASE("Shards are one set, with labels beside the photos and splits in their names") {
  const Archives& archives = Archives::get();
  for (const char* pattern : {"shards/cls-*.tar", "shards/cls-{train,val}-{000000..000001}.tar"}) {
    const Dataset dataset = find_dataset(archives / pattern, {}, 1);
    CHECK(dataset.layout == "shards");
    CHECK(dataset.classes == std::vector<std::string>{"cat", "dog"});
    CHECK(dataset.train.size() == 12);
    CHECK(dataset.valid.size() == 12);
    CHECK(dataset.train[0].path == "cls-train-000000.tar/00000000.jpg");
    for (const Sample& sample : dataset.all()) CHECK(read_image(sample_path(dataset.root, sample.path), {}).rows == 30);
  }
  const Dataset plain = find_dataset(archives / "shards/plain-{00..02}.tar", {}, 1);
  CHECK(plain.all().size() == 24);
  CHECK(plain.valid.size() > 0);
  const Dataset json = find_dataset(archives / "shards/json.tar", {}, 1);
  CHECK(json.layout == "labels");
  CHECK(json.all().size() == 24);
  CHECK(counted_classes(json, "train")["cat"] + counted_classes(json, "valid")["cat"] == 12);
  CHECK_THROWS_WITH_AS(find_dataset(archives / "shards/plain-{00..03}.tar", {}, 1), doctest::Contains("there is no"),
                       DataError);
  CHECK_THROWS_WITH_AS(find_dataset(archives / "shards/{cls-train-000000,json}.tar", {}, 1),
                       doctest::Contains("name the split in all archives or in none"), DataError);
  CHECK_THROWS_WITH_AS(find_dataset(archives / "shards/none*.tar", {}, 1), doctest::Contains("no file fits"),
                       DataError);
}

TEST_CASE("A folder of archives is a set of shards, and archives beside photos are passed over") {
  const Archives& archives = Archives::get();
  namespace fs = std::filesystem;
  const TempFolder folder;
  fs::create_directories(folder / "set/train");
  fs::create_directories(folder / "set/val");
  fs::copy_file(archives / "good/pax.tar", folder / "set/train/a.tar");
  fs::copy_file(archives / "good/in-folder.zip", folder / "set/val/b.zip");
  const Dataset dataset = find_dataset(folder / "set", {}, 1);
  CHECK(dataset.train.size() == 24);
  CHECK(dataset.valid.size() == 24);
  CHECK(dataset.valid[0].path == "val/b.zip/set/of photos/cat/0.jpg");
  fs::copy(archives.photos, folder / "set", fs::copy_options::recursive);
  CHECK(find_dataset(folder / "set", {}, 1).all().size() == 24);
}
