#include "datatools/drawn/drawn_set.h"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/files.h"
#include "scratch.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// A folder for a drawn set, removed afterwards.
struct Folder {
  const Scratch scratch;
  const std::string path = scratch / "drawn";
};

DrawnSetOptions small_set() {
  DrawnSetOptions options;
  options.train_per_class = 5;
  options.valid_per_class = 2;
  options.test_per_class = 1;
  options.size = {48, 64};
  return options;
}

std::map<std::string, std::string> files_below(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = read_file(entry.path().string());
  }
  return files;
}

double mean_difference(const cv::Mat& a, const cv::Mat& b) {
  cv::Mat difference;
  cv::absdiff(a, b, difference);
  const cv::Scalar mean = cv::mean(difference);
  return (mean[0] + mean[1] + mean[2]) / 3;
}

}  // namespace

TEST_CASE("A drawn set has the folders, counts and sizes that were asked for") {
  const Folder folder;
  CHECK(write_drawn_set(folder.path, small_set()).drawn == 16);
  const auto files = files_below(folder.path);
  CHECK(files.size() == 17);  // and drawn.json
  for (const char* path : {"train/Car/car_00001.jpg", "train/Truck/truck_00005.jpg", "valid/Car/car_00002.jpg",
                           "test/Truck/truck_00001.jpg", "drawn.json"}) {
    CHECK_MESSAGE(files.count(path) == 1, path);
  }
  const cv::Mat image = cv::imread(folder.path + "/test/Truck/truck_00001.jpg");
  CHECK(image.rows == 48);
  CHECK(image.cols == 64);
}

TEST_CASE("The same seed draws the same bytes whatever the number of threads") {
  const Folder one, three, other;
  write_drawn_set(one.path, small_set(), {}, 1);
  write_drawn_set(three.path, small_set(), {}, 3);
  CHECK(files_below(one.path) == files_below(three.path));
  DrawnSetOptions options = small_set();
  options.seed = 43;
  write_drawn_set(other.path, options);
  CHECK(files_below(one.path)["train/Car/car_00001.jpg"] != files_below(other.path)["train/Car/car_00001.jpg"]);
}

TEST_CASE("A picture depends on split, class and index and not on how many there are") {
  DrawnSetOptions few = small_set(), many = small_set();
  many.train_per_class = 900;
  const DrawnPicture picture{"train", "Car", 3};
  CHECK(mean_difference(draw_picture(few, picture), draw_picture(many, picture)) == 0);
  CHECK(mean_difference(draw_picture(few, picture), draw_picture(few, {"valid", "Car", 3})) > 5);
  CHECK(mean_difference(draw_picture(few, picture), draw_picture(few, {"train", "Car", 4})) > 5);
  CHECK(mean_difference(draw_picture(few, picture), draw_picture(few, {"train", "Truck", 3})) > 5);
}

TEST_CASE("Running again draws only what is missing") {
  const Folder folder;
  write_drawn_set(folder.path, small_set());
  const auto before = files_below(folder.path);
  CHECK(write_drawn_set(folder.path, small_set()).drawn == 0);
  fs::remove(folder.path + "/valid/Car/car_00002.jpg");
  const auto result = write_drawn_set(folder.path, small_set());
  CHECK(result.drawn == 1);
  CHECK(result.kept == 15);
  CHECK(files_below(folder.path) == before);
}

TEST_CASE("A folder that holds anything else is refused and left as it was") {
  const Folder folder;
  make_folders(folder.path);
  write_file_atomically(folder.path + "/notes.txt", "mine");
  CHECK_THROWS_AS(write_drawn_set(folder.path, small_set()), UsageError);
  CHECK(files_below(folder.path).size() == 1);
  fs::remove(folder.path + "/notes.txt");
  write_drawn_set(folder.path, small_set());
  DrawnSetOptions other = small_set();
  other.seed = 1;
  CHECK_THROWS_WITH_AS(write_drawn_set(folder.path, other), doctest::Contains("other options"), UsageError);
  CHECK_THROWS_AS(write_drawn_set(folder.path + "/drawn.json", small_set()), UsageError);
}

TEST_CASE("Options out of range are refused before anything is written") {
  const Folder folder;
  DrawnSetOptions options = small_set();
  options.train_per_class = 0;
  CHECK_THROWS_AS(write_drawn_set(folder.path, options), UsageError);
  options = small_set();
  options.size = {8, 8};
  CHECK_THROWS_AS(write_drawn_set(folder.path, options), UsageError);
  CHECK_FALSE(fs::exists(folder.path));
}

TEST_CASE("Progress ends at the total and may stop the work by throwing") {
  const Folder folder;
  int64_t last = -1, all = 0;
  write_drawn_set(folder.path, small_set(), [&](int64_t done, int64_t total) {
    CHECK(done >= last);
    last = done;
    all = total;
  });
  CHECK(last == 16);
  CHECK(all == 16);
  const Folder stopped;
  DrawnSetOptions options = small_set();
  options.train_per_class = 2000;
  CHECK_THROWS_WITH(write_drawn_set(stopped.path, options, [](int64_t, int64_t) { throw Error("stop"); }), "stop");
  CHECK(files_below(stopped.path).size() < 2000);
}

TEST_CASE("Mean brightness and colour say nothing about the class") {
  DrawnSetOptions options = small_set();
  cv::Scalar sum[2], squares[2];
  constexpr int kCount = 150;
  for (int i = 0; i < 2 * kCount; ++i) {
    const cv::Scalar mean = cv::mean(draw_picture(options, {"train", i % 2 ? "Truck" : "Car", i / 2 + 1}));
    sum[i % 2] += mean / double(kCount);
    squares[i % 2] += mean.mul(mean) / double(kCount);
  }
  for (int c = 0; c < 3; ++c) {
    const double deviation = std::sqrt(squares[0][c] - sum[0][c] * sum[0][c]);
    CHECK(std::abs(sum[0][c] - sum[1][c]) < 0.35 * deviation);  // chance alone gives about 0.12
  }
}
