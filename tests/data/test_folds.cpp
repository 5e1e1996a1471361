#include "data/folds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "data/groups.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

std::vector<Sample> photos_of_classes(const std::vector<size_t>& counts) {
  std::vector<Sample> samples;
  for (size_t label = 0; label < counts.size(); ++label)
    for (size_t i = 0; i < counts[label]; ++i) {
      const std::string path = std::to_string(label) + "/" + std::to_string(1000 + i) + ".jpg";
      samples.push_back({path, static_cast<int64_t>(label), stable_hash(path)});
    }
  return samples;
}

// fold -> photos of the class
std::map<int64_t, int64_t> photos_in_folds(const std::vector<Sample>& samples, const std::vector<int64_t>& folds,
                                           int64_t label) {
  std::map<int64_t, int64_t> counts;
  for (size_t i = 0; i < samples.size(); ++i)
    if (samples[i].label == label) ++counts[folds[i]];
  return counts;
}

std::set<std::string> paths_in(const std::vector<Sample>& samples) {
  std::set<std::string> paths;
  for (const Sample& sample : samples) paths.insert(sample.path);
  return paths;
}

// Two classes of ten photos, each of its own bytes; those of one subject are of both classes.
void write_subjects(const TempFolder& folder) {
  for (int i = 0; i < 10; ++i)
    for (const char* name : {"a", "b"})
      folder.write(std::string(name) + "/s" + std::to_string(i / 2) + "_" + std::to_string(i) + ".jpg",
                   name + std::to_string(i));
}

DataConfig fold_of(int64_t fold, const std::string& group = "") {
  DataConfig config;
  config.folds = 5;
  config.fold = fold;
  config.group = group;
  return config;
}

}  // namespace

TEST_CASE("Every class is spread over the folds as evenly as its number allows, differently for each seed") {
  const auto samples = photos_of_classes({23, 11, 5});
  const auto folds = deal_folds(samples, {5, 1});
  CHECK(deal_folds(samples, {5, 1}) == folds);
  CHECK(deal_folds(samples, {5, 2}) != folds);
  for (const auto& [label, fewest] : std::map<int64_t, int64_t>{{0, 4}, {1, 2}, {2, 1}}) {
    const auto counts = photos_in_folds(samples, folds, label);
    REQUIRE(counts.size() == 5);
    for (const auto& [fold, count] : counts) CHECK((count == fewest || (label < 2 && count == fewest + 1)));
  }
}

TEST_CASE("A class that has not a photo for each fold is refused by its name") {
  const auto samples = photos_of_classes({23, 3});
  CHECK_THROWS_WITH_AS(deal_folds(samples, {5, 1, {}, {"cat", "dog"}}),
                       "--folds 5: the class 'dog' has 3 photos; each fold needs one. Ask for 3 folds or fewer",
                       DataError);
  CHECK_NOTHROW(deal_folds(samples, {3, 1}));
}

TEST_CASE("What stays together lies in one fold, and counts as one piece where there are too few") {
  const auto samples = photos_of_classes({6, 6});
  // Threes of both classes.
  std::vector<size_t> first;
  for (size_t i = 0; i < 12; ++i) first.push_back(i % 4);
  const auto folds = deal_folds(samples, {4, 1, first});
  for (size_t i = 0; i < 12; ++i) CHECK(folds[i] == folds[i % 4]);
  CHECK(std::set<int64_t>(folds.begin(), folds.end()).size() == 4);
  CHECK_THROWS_WITH_AS(deal_folds(samples, {5, 1, first}),
                       doctest::Contains("6 photos, which copies and groups keep in 4 pieces"), DataError);
}

TEST_CASE("Each photo is validated on in one fold and trained on in the others") {
  TempFolder folder;
  write_subjects(folder);
  std::set<std::string> seen;
  for (int64_t fold = 1; fold <= 5; ++fold) {
    const Dataset dataset = find_dataset(folder.path(), fold_of(fold), 7);
    CHECK(dataset.valid.size() == 4);
    CHECK(dataset.train.size() == 16);
    for (const std::string& path : paths_in(dataset.valid)) CHECK(seen.insert(path).second);
  }
  CHECK(seen.size() == 20);
  CHECK_THROWS_AS(find_dataset(folder.path(), fold_of(6), 7), UsageError);
}

TEST_CASE("Folds leave the photos for testing aside, and take the data's own validation photos") {
  TempFolder folder;
  for (const char* split : {"train", "valid", "test"})
    for (int i = 0; i < 10; ++i)
      for (const char* name : {"a", "b"})
        folder.write(std::string(split) + "/" + name + "/" + std::to_string(i) + ".jpg",
                     split + std::string(name) + std::to_string(i));
  const Dataset dataset = find_dataset(folder.path(), fold_of(2), 7);
  CHECK(dataset.test.size() == 20);
  CHECK(dataset.valid.size() == 8);
  CHECK(dataset.train.size() == 32);
  CHECK(join(dataset.notes, "\n").find("the data's own validation photos") != std::string::npos);
}

TEST_CASE("Photos of a group stay on one side of plain splits and of folds") {
  TempFolder folder;
  write_subjects(folder);
  const auto subjects = [](const std::vector<Sample>& samples) {
    std::set<std::string> found;
    for (const Sample& sample : samples) found.insert(sample.path.substr(2, 2));
    return found;
  };
  for (int64_t fold : {0, 1, 2, 3, 4, 5}) {
    DataConfig config = fold_of(fold, "^(s[0-9]+)_");
    config.valid = 0.4;
    const Dataset dataset = find_dataset(folder.path(), config, 3);
    CHECK_FALSE(dataset.valid.empty());
    const auto trained = subjects(dataset.train);
    for (const std::string& subject : subjects(dataset.valid)) CHECK(trained.count(subject) == 0);
    CHECK((fold == 0 || dataset.valid.size() == 4));
  }
}

namespace {

std::string group_of(const ListedPhoto& photo, const std::string& group) {
  Listing listing{"", "flat", {photo, {"a/other/s1_c1.jpg", "a", ""}}, {}};
  DataConfig config;
  config.group = group;
  group_photos(listing, config);
  return listing.photos[0].group;
}

}  // namespace

TEST_CASE("A group is the folder below the class, or what a pattern finds in the name") {
  CHECK(group_of({"train/cats/album/1/x.jpg", "cats", "train"}, "folder") == "album/1");
  CHECK(group_of({"train/cats/x.jpg", "cats", "train"}, "folder").empty());
  CHECK(group_of({"cats/album/x.jpg", "cats", ""}, "folder") == "album");
  CHECK(group_of({"album/x.jpg", "cats", ""}, "folder") == "album");
  CHECK(group_of({"b/c_a/p12_3.jpg", "b", ""}, "^([^_]+)_") == "p12");
  CHECK(group_of({"7/cam12.jpg", "7", ""}, "[0-9]+") == "12");
  CHECK(group_of({"a/x.jpg", "a", ""}, "").empty());
  CHECK_THROWS_WITH_AS(group_of({"a/x.jpg", "a", ""}, "("), doctest::Contains("regular expression"), UsageError);
  CHECK_THROWS_WITH_AS(group_of({"a/x.jpg", "a", ""}, "^none_"), doctest::Contains("finds no group"), UsageError);
}

TEST_CASE("A list's column holds groups together in folds, and is not asked for beside a pattern") {
  TempFolder folder;
  std::string list = "path,label,patient\n";
  for (int i = 0; i < 12; ++i) {
    const std::string name = std::to_string(i) + ".jpg";
    folder.write(name, name);
    list += name + "," + (i % 2 ? "a" : "b") + ",p" + std::to_string(i / 4) + "\n";
  }
  folder.write("list.csv", list);
  DataConfig config;
  config.group_column = "patient";
  config.folds = 3;
  config.fold = 1;
  const Dataset dataset = find_dataset(folder.path() + "/list.csv", config, 1);
  REQUIRE(dataset.valid.size() == 4);
  for (const Sample& sample : dataset.valid) CHECK(std::stoi(sample.path) / 4 == std::stoi(dataset.valid[0].path) / 4);
  config.group = "^p";
  CHECK_THROWS_WITH_AS(find_dataset(folder.path() + "/list.csv", config, 1), doctest::Contains("leave one out"),
                       UsageError);
}

TEST_CASE("A group that swallows a class is refused, in folds and in plain splits") {
  TempFolder folder;
  for (int i = 0; i < 10; ++i) {
    folder.write("a/s" + std::to_string(i) + "_1.jpg", "a" + std::to_string(i));
    folder.write("b/s0_" + std::to_string(i) + ".jpg", "b" + std::to_string(i));
  }
  for (int64_t fold : {0, 1})
    CHECK_THROWS_WITH_AS(find_dataset(folder.path(), fold_of(fold, "^(s[0-9]+)_"), 1),
                         doctest::Contains("the group 's0' holds all 10 photos of the class 'b'"), DataError);
  CHECK_NOTHROW(find_dataset(folder.path(), fold_of(1), 1));
}

TEST_CASE("Groups that the data's own splits tear apart are told") {
  TempFolder folder;
  for (const char* name : {"train/a/s1_1.jpg", "train/b/s2_1.jpg", "valid/a/s1_2.jpg", "valid/b/s3_1.jpg"})
    folder.write(name, name);
  DataConfig config;
  config.group = "^(s[0-9]+)_";
  const Dataset dataset = find_dataset(folder.path(), config, 1);
  CHECK(join(dataset.notes, "\n").find("1 group has photos in several splits, such as 's1'") != std::string::npos);
}
