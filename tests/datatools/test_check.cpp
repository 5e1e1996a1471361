#include "datatools/check.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "data/temp_folder.h"
#include "datatools/stats.h"

using namespace cvtool;

namespace {

// A smooth random picture, as different from the others as photos are.
cv::Mat picture(int number, cv::Size size = {200, 150}) {
  cv::RNG random(static_cast<uint64_t>(number) + 1);
  cv::Mat coarse(6, 8, CV_8UC3), image;
  random.fill(coarse, cv::RNG::UNIFORM, 0, 256);
  cv::resize(coarse, image, size, 0, 0, cv::INTER_CUBIC);
  return image;
}

cv::Mat scaled(const cv::Mat& image, double factor, double offset) {
  cv::Mat out;
  image.convertTo(out, -1, factor, offset);
  return out;
}

// 40 clean photos in train and valid, two classes.
void write_clean(const TempFolder& folder) {
  for (int i = 0; i < 40; ++i) {
    const std::string place = std::string(i < 28 ? "train/" : "valid/") + (i % 2 ? "cats/" : "dogs/");
    folder.write(place + std::to_string(i) + ".jpg", encoded(picture(i), ".jpg"));
  }
}

void copy_photo(const TempFolder& folder, const std::string& from, const std::string& to) {
  folder.write(to, read_file(folder / from));
}

bool has_group(const std::vector<DuplicateGroup>& groups, const std::string& a, const std::string& b) {
  for (const auto& group : groups) {
    int found = 0;
    for (const auto& photo : group.photos) found += photo.path == a || photo.path == b;
    if (found == 2) return true;
  }
  return false;
}

bool names(const std::vector<PhotoFinding>& findings, const std::string& path) {
  for (const auto& finding : findings)
    if (finding.path == path && !finding.reason.empty()) return true;
  return false;
}

CheckReport check(const TempFolder& folder) { return check_dataset(find_dataset(folder.path(), {}, 1), {}); }

}  // namespace

TEST_CASE("A clean set has nothing to tell") {
  TempFolder folder;
  write_clean(folder);
  const CheckReport report = check(folder);
  CHECK(report.photos == 40);
  CHECK(report.clean());
}

TEST_CASE("Everything planted is found and nothing else") {
  TempFolder folder;
  write_clean(folder);
  // Equal pixels across splits; one of them in another file format.
  copy_photo(folder, "train/dogs/0.jpg", "valid/dogs/copy0.jpg");
  copy_photo(folder, "train/dogs/2.jpg", "valid/dogs/copy2.jpg");
  folder.write("valid/cats/copy1.png", encoded(cv::imread(folder / "train/cats/1.jpg"), ".png"));
  // Near duplicates: another size, another aspect, and compressed again.
  folder.write("valid/cats/small3.jpg", encoded(picture(3, {90, 67}), ".jpg"));
  folder.write("train/cats/square5.webp", encoded(picture(5, {128, 128}), ".webp"));
  // The same photo in two classes.
  copy_photo(folder, "train/cats/7.jpg", "train/dogs/seven.jpg");
  // Broken files, and a text named like a photo.
  const std::string whole = read_file(folder / "train/cats/9.jpg");
  folder.write("train/cats/cut.jpg", whole.substr(0, whole.size() / 2));
  folder.write("train/cats/empty.jpg", "");
  folder.write("valid/dogs/head.jpg", whole.substr(0, 30));
  folder.write("train/dogs/cut.png", encoded(picture(90), ".png").substr(0, 3000));
  folder.write("train/dogs/text.jpg", "this is a text");
  // Damaged in part: libjpeg goes on behind it.
  std::string damaged = encoded(picture(91), ".jpg");
  for (size_t i = 0; i < 12; ++i) damaged[damaged.size() / 2 + i] = '\x55';
  damaged[damaged.size() / 2 + 14] = '\xff';
  damaged[damaged.size() / 2 + 15] = '\xd3';
  folder.write("train/cats/damaged.jpg", damaged);
  // A palette of four colours, and an index outside of it; half of one.
  cv::Mat grey(8, 8, CV_8UC1, cv::Scalar(7));
  std::string bmp = encoded(grey, ".bmp");
  bmp[46] = 4;
  bmp[10] = 14 + 40 + 16;
  bmp[11] = 0;
  folder.write("train/dogs/outside.bmp", bmp);
  folder.write("train/dogs/cut.bmp", encoded(picture(92), ".bmp").substr(0, 20'000));
  // Odd ones.
  folder.write("train/dogs/really_png.jpg", encoded(picture(60), ".png"));
  folder.write("train/dogs/tiny.png", encoded(picture(61, {10, 12}), ".png"));
  folder.write("train/dogs/long.png", encoded(picture(62, {900, 90}), ".png"));
  folder.write("train/dogs/blank.png", encoded(cv::Mat(50, 50, CV_8UC3, cv::Scalar::all(90)), ".png"));
  folder.write("train/dogs/dark.png", encoded(scaled(picture(63), 0.1, 0), ".png"));
  folder.write("train/dogs/bright.png", encoded(scaled(picture(64), 0.1, 229), ".png"));

  const CheckReport report = check(folder);
  CHECK(report.unreadable.size() == 7);
  CHECK(report.damaged.size() == 1);
  CHECK(names(report.damaged, "train/cats/damaged.jpg"));
  for (const char* path : {"train/cats/cut.jpg", "train/cats/empty.jpg", "train/dogs/cut.png", "valid/dogs/head.jpg",
                           "train/dogs/text.jpg", "train/dogs/outside.bmp", "train/dogs/cut.bmp"})
    CHECK(names(report.unreadable, path));
  REQUIRE(report.duplicates.size() == 4);
  CHECK(has_group(report.duplicates, "train/dogs/0.jpg", "valid/dogs/copy0.jpg"));
  CHECK(has_group(report.duplicates, "train/dogs/2.jpg", "valid/dogs/copy2.jpg"));
  CHECK(has_group(report.duplicates, "train/cats/1.jpg", "valid/cats/copy1.png"));
  CHECK(has_group(report.duplicates, "train/cats/7.jpg", "train/dogs/seven.jpg"));
  for (const auto& group : report.duplicates) {
    const bool seven = group.photos[0].path == "train/cats/7.jpg";
    CHECK(group.across_classes == seven);
    CHECK(group.across_splits == !seven);
  }
  REQUIRE(report.near_duplicates.size() == 2);
  CHECK(has_group(report.near_duplicates, "train/cats/3.jpg", "valid/cats/small3.jpg"));
  CHECK(has_group(report.near_duplicates, "train/cats/5.jpg", "train/cats/square5.webp"));
  CHECK(report.wrong_extension.size() == 1);
  CHECK(names(report.wrong_extension, "train/dogs/really_png.jpg"));
  CHECK(report.tiny.size() == 1);
  CHECK(names(report.tiny, "train/dogs/tiny.png"));
  CHECK(report.extreme_aspect.size() == 1);
  CHECK(names(report.extreme_aspect, "train/dogs/long.png"));
  CHECK(report.blank.size() == 1);
  CHECK(names(report.blank, "train/dogs/blank.png"));
  CHECK(report.dark.size() == 1);
  CHECK(report.bright.size() == 1);
  CHECK_FALSE(report.clean());

  const Json json = report;
  CHECK(json["near_duplicates"].size() == 2);
  CHECK(json["near_duplicates"][0]["photos"][0]["class"] == "cats");
  for (const auto& line : check_lines(report))
    if (line.what == "duplicates across splits (leakage)") {
      CHECK(line.count == 3);
      CHECK(line.examples.size() == 3);
    }
}

TEST_CASE("Classes out of balance are named") {
  TempFolder folder;
  for (int i = 0; i < 20; ++i)
    folder.write("train/" + std::string(i < 17 ? "many" : "few") + "/" + std::to_string(i) + ".jpg",
                 encoded(picture(i), ".jpg"));
  for (int i = 20; i < 24; ++i)
    folder.write("valid/" + std::string(i % 2 ? "many" : "few") + "/" + std::to_string(i) + ".jpg",
                 encoded(picture(i), ".jpg"));
  const CheckReport report = check(folder);
  REQUIRE(report.imbalance.size() == 1);
  CHECK(report.imbalance[0] == "train: 17 photos of 'many' but 3 of 'few'");
}

TEST_CASE("Near duplicates of real photos are found again at other sizes, and no others") {
  if (test_data().empty()) {
    MESSAGE("skipped: CVTOOL_TEST_DATA is not set");
    return;
  }
  const Dataset dataset = find_dataset(test_data() + "/datasets/cats_dogs", {}, 1);
  const CheckReport report = check_dataset(dataset, {});
  CHECK(report.unreadable.empty());
  CHECK(report.duplicates.empty());
  // The one pair that the set really holds: the same litter of puppies, saved twice.
  REQUIRE(report.near_duplicates.size() == 1);
  CHECK(has_group(report.near_duplicates, "train/dogs/dog.74.jpg", "valid/dogs/dog.180.jpg"));
}

TEST_CASE("Statistics count classes, sizes, colours and the majority baseline") {
  TempFolder folder;
  for (int i = 0; i < 3; ++i)
    folder.write("train/a/" + std::to_string(i) + ".png",
                 encoded(cv::Mat(10, 20 + i, CV_8UC3, cv::Scalar(0, 100, 200)), ".png"));
  folder.write("train/b/0.png", encoded(cv::Mat(30, 40, CV_8UC3, cv::Scalar(0, 100, 0)), ".png"));
  folder.write("valid/a/0.png", encoded(cv::Mat(10, 10, CV_8UC3, cv::Scalar(0, 100, 200)), ".png"));
  folder.write("valid/b/0.png", "broken");
  const DataStats stats = count_dataset(find_dataset(folder.path(), {}, 1), {});
  REQUIRE(stats.splits.size() == 2);
  CHECK(stats.splits[0].second.counts == Keyed<int64_t>{{"a", 3}, {"b", 1}});
  CHECK(stats.splits[0].second.majority_baseline == doctest::Approx(0.75));
  CHECK(stats.splits[1].second.majority_baseline == doctest::Approx(0.5));
  CHECK(stats.readable == 5);
  CHECK(stats.unreadable == 1);
  CHECK(stats.width.min == 10);
  CHECK(stats.width.median == 21);
  CHECK(stats.width.max == 40);
  CHECK(stats.height.max == 30);
  CHECK(stats.mean[0] == doctest::Approx(160));  // red: 4 photos of 200, one of 0
  CHECK(stats.mean[1] == doctest::Approx(100));
  CHECK(stats.deviation[0] == doctest::Approx(80));
  CHECK(stats.deviation[1] == doctest::Approx(0));
  CHECK(stats.histogram[0][200] == doctest::Approx(0.8));
  CHECK(stats.histogram[2][0] == doctest::Approx(1));
  CHECK(Json(stats)["splits"]["train"]["counts"]["a"] == 3);
  const cv::Mat drawn = stats_picture(stats);
  CHECK(drawn.cols == 3 * 480);
}

TEST_CASE("Photos that are the same in two of the groups that a list names are told of") {
  const TempFolder folder;
  std::string list = "path,label,split,group\n";
  for (int i = 0; i < 12; ++i) {
    const std::string name = std::to_string(i) + ".png";
    // 3 is 2 made a little smaller, 5 is 4.
    const cv::Mat image = i == 3 ? picture(2, {180, 135}) : picture(i == 5 ? 4 : i);
    folder.write(name, encoded(image, ".png"));
    list += name + (i % 2 ? ",cats," : ",dogs,") + (i < 8 ? "train," : "valid,") + "patient" + std::to_string(i) + "\n";
  }
  folder.write("list.csv", list);
  CheckPlan plan;
  const Dataset dataset = find_photos(folder / "list.csv", {}, 1, plan.origin);
  const CheckReport report = check_dataset(dataset, plan);
  CHECK(report.groups == 12);
  REQUIRE(report.duplicates.size() == 1);
  CHECK(report.duplicates[0].across_groups);
  REQUIRE(report.near_duplicates.size() == 1);
  CHECK(report.near_duplicates[0].across_groups);
  int64_t told = 0;
  for (const CheckLine& line : check_lines(report))
    if (line.what.find("in two groups") != std::string::npos) told += line.count;
  CHECK(told == 2);
}

TEST_CASE("Where a list names no groups nothing is said of them") {
  const TempFolder folder;
  write_clean(folder);
  for (const CheckLine& line : check_lines(check(folder))) CHECK(line.what.find("groups") == std::string::npos);
}
