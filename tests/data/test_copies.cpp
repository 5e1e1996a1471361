#include "data/copies.h"

#include <doctest/doctest.h>

#include <map>

#include "base/random.h"
#include "base/text.h"
#include "data/hold_out.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

std::map<std::string, std::string> places(const Dataset& dataset) {
  std::map<std::string, std::string> out;
  for (const char* split : {"train", "valid", "test"})
    for (const Sample& sample : dataset.split(split)) out[sample.path] = split;
  return out;
}

}  // namespace

TEST_CASE("Files are copies where every byte is equal") {
  TempFolder folder;
  const std::string photo = encoded(cv::Mat(64, 64, CV_8UC3, cv::Scalar(9, 8, 7)), ".bmp");
  std::string end = photo, middle = photo;
  end.back() ^= 1;
  middle[photo.size() / 2] ^= 1;
  folder.write("1.bmp", photo);
  folder.write("2.bmp", end);
  folder.write("3.bmp", middle);
  folder.write("4.bmp", photo);
  folder.write("5.bmp", middle);
  folder.write("6.bmp", photo + "x");
  std::vector<Sample> samples;
  for (const char* name : {"5", "4", "3", "2", "1", "6", "gone"}) samples.push_back({std::string(name) + ".bmp", 0, 0});
  CHECK(first_copies(folder.path(), samples) == std::vector<size_t>{2, 4, 2, 3, 4, 5, 6});
}

TEST_CASE("Copies stay on one side of the split, and other photos where they were") {
  TempFolder folder;
  for (int i = 0; i < 40; ++i)
    for (const char* name : {"a", "b"})
      folder.write_photo(name + std::string("/") + std::to_string(i) + ".png", i + (name[0] == 'b' ? 50 : 0));
  DataConfig config;
  config.test = 0.2;
  const auto before = places(find_dataset(folder.path(), config, 7));
  for (const auto& [path, split] : before) {
    const double u = Random(7, "split", 0, stable_hash(path)).uniform();
    CHECK(split == (u < 0.2 ? "valid" : u < 0.4 ? "test" : "train"));
  }
  // One copy of each, in the same class and in the other.
  for (int i = 0; i < 40; ++i)
    for (const char* name : {"a", "b"})
      folder.write_photo((i % 2 ? "a" : "b") + std::string("/z") + name + std::to_string(i) + ".png",
                         i + (name[0] == 'b' ? 50 : 0));
  const Dataset dataset = find_dataset(folder.path(), config, 7);
  const auto after = places(dataset);
  CHECK(join(dataset.notes, "\n").find("80 photos are exact copies of others; copies stay on one side") !=
        std::string::npos);
  for (int i = 0; i < 40; ++i)
    for (const std::string name : {"a", "b"}) {
      const std::string photo = name + "/" + std::to_string(i) + ".png";
      const std::string copy = (i % 2 ? "a/z" : "b/z") + name + std::to_string(i) + ".png";
      CHECK(after.at(photo) == after.at(copy));
      // The first by path leads.
      if (photo < copy) CHECK(after.at(photo) == before.at(photo));
    }
}

TEST_CASE("Where each class has one photo, nothing is held out, and that is said") {
  TempFolder folder;
  folder.write_photo("a/1.png", 1);
  folder.write_photo("b/1.png", 2);
  DataConfig config;
  config.valid = 0.9;
  const Dataset dataset = find_dataset(folder.path(), config, 1);
  CHECK(dataset.train.size() == 2);
  CHECK(join(dataset.notes, "\n").find("no photo could be held out for validation") != std::string::npos);
  // Copies of one are no second photo.
  folder.write_photo("a/2.png", 1);
  folder.write_photo("b/2.png", 2);
  const Dataset copies = find_dataset(folder.path(), config, 1);
  CHECK((copies.train.size() == 4 || places(copies).at("a/1.png") == places(copies).at("a/2.png")));
}
