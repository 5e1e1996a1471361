#include "engine/predict/predict_files.h"

#include <doctest/doctest.h>

#include <numeric>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "report/canvas.h"
#include "scratch.h"

using namespace cvtool;

namespace {

std::string photo_at(const std::string& path, const Ink& ink) {
  Canvas canvas(40, 30);
  canvas.fill({0, 0, 40, 30}, ink);
  write_picture(path, canvas);
  return path;
}

// Of `count` classes, the first the most probable.
ImageResult answer_of(size_t count) {
  ImageResult result;
  result.probabilities.assign(count, 1.0 / static_cast<double>(count));
  result.ranked.resize(count);
  std::iota(result.ranked.begin(), result.ranked.end(), size_t{0});
  result.label = "first";
  return result;
}

std::vector<std::string> class_names(size_t count) {
  std::vector<std::string> names{"first"};
  while (names.size() < count) names.push_back("class " + std::to_string(names.size()));
  return names;
}

// What the photo is told when its files are added; "" when all is well. Other errors than the photo's own are thrown.
std::string trouble_of(const PredictFiles& files, const std::string& photo) {
  try {
    files.add({photo, "", nullptr}, answer_of(2));
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("A photo is drawn without replacing another file, and again into the same one") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "b");
  const std::string one = photo_at(scratch / "a.png", {200, 0, 0}), two = photo_at(scratch / "b/a.png", {0, 200, 0}),
                    before = content_of(one);
  PredictOptions options;
  options.draw = scratch / "drawn";
  // Where the drawn photos of both would go, there are other files.
  const std::string taken =
      (options.draw / std::filesystem::path(one).relative_path()).replace_extension(".jpg").string();
  std::filesystem::create_directories(std::filesystem::path(taken).parent_path());
  photo_at(taken, {0, 0, 200});
  const std::string taken_before = content_of(taken), folder = std::filesystem::path(taken).parent_path().string();
  for (int turn = 0; turn < 2; ++turn) {
    const PredictFiles files(options, class_names(2), {});
    CHECK(trouble_of(files, one) == "");
    CHECK(trouble_of(files, two) == "");
    CHECK(trouble_of(files, taken) == "");
    CHECK((content_of(taken) == taken_before));
    CHECK(names_in(folder).count("a-2.jpg") == 1);
    CHECK(names_in(folder).count("a-3.jpg") == 0);
    CHECK(names_in(folder + "/b") == std::set<std::string>{"a.jpg"});
  }
  CHECK((content_of(one) == before));
  CHECK_FALSE(read_image(folder + "/a-2.jpg", {}).empty());
}

TEST_CASE("Photos whose drawings would have one name are drawn beside each other") {
  const Scratch scratch;
  PredictOptions options;
  options.draw = scratch / "drawn";
  const std::string png = photo_at(scratch / "a.png", {200, 0, 0}), jpg = photo_at(scratch / "a.jpg", {0, 200, 0});
  const PredictFiles files(options, class_names(2), {});
  for (const std::string& photo : {png, jpg, png}) CHECK(trouble_of(files, photo) == "");
  CHECK(names_in(options.draw + scratch.path()) == std::set<std::string>{"a.jpg", "a-2.jpg"});
}

TEST_CASE("As many classes are drawn as a picture has room for") {
  const Scratch scratch;
  PredictOptions options;
  options.draw = scratch / "drawn";
  options.top = 1000;
  const std::string photo = photo_at(scratch / "a.png", {200, 0, 0});
  PredictFiles(options, class_names(1000), {}).add({photo, "", nullptr}, answer_of(1000));
  const cv::Mat drawn = read_image(options.draw + scratch.path() + "/a.jpg", {});
  CHECK(drawn.rows > 10'000);
  CHECK(drawn.rows <= 16'000);
}

TEST_CASE(
    "A photo that has gone or changed, or whose name is too long, is to blame itself; a folder that is none ends all") {
  const Scratch scratch;
  PredictOptions draw, sort;
  draw.draw = scratch / "drawn";
  sort.sort_into = scratch / "sorted";
  const PredictFiles drawn(draw, class_names(2), {}), sorted(sort, class_names(2), {});
  CHECK(contains(trouble_of(drawn, scratch / "gone.jpg"), "cannot be drawn: "));
  CHECK(contains(trouble_of(drawn, scratch.write("text.jpg", "text")), "cannot be drawn: "));
  CHECK(contains(trouble_of(sorted, scratch / "gone.jpg"), "cannot be sorted: No such file"));
  const std::string longest = photo_at(scratch / "a.jpg", {200, 0, 0}),
                    renamed = scratch / (std::string(246, 'a') + ".jpg");
  std::filesystem::rename(longest, renamed);
  CHECK(contains(trouble_of(drawn, renamed), "its name is too long"));
  CHECK(contains(trouble_of(sorted, renamed), "cannot be sorted: "));
  draw.draw = scratch.write("file", "");
  CHECK(contains(message_of([&] { const PredictFiles files(draw, class_names(2), {}); }), "cannot make the folder"));
}
