#include "datatools/looks.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/random.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

PhotoFacts facts_of(const TempFolder& folder, const std::string& name, const cv::Mat& bgr) {
  folder.write(name, encoded(bgr, ".png"));
  return photo_facts(folder / name, {}, /*structure=*/true);
}

// A photo that is usual but for its brightness.
PhotoFacts lit(double brightness) {
  PhotoFacts facts;
  facts.width = 40;
  facts.height = 30;
  facts.brightness = brightness;
  return facts;
}

}  // namespace

TEST_CASE("Saturation is of the colour, sharpness of fine structure, whatever the size") {
  const TempFolder folder;
  cv::Mat fine(256, 256, CV_8UC3), broad(256, 256, CV_8UC3), large;
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) {
      fine.at<cv::Vec3b>(y, x) = cv::Vec3b::all((x / 2) % 2 ? 200 : 50);
      broad.at<cv::Vec3b>(y, x) = cv::Vec3b::all((x / 64) % 2 ? 200 : 50);
    }
  cv::resize(fine, large, {512, 512}, 0, 0, cv::INTER_NEAREST);
  const PhotoFacts sharp = facts_of(folder, "fine.png", fine), soft = facts_of(folder, "broad.png", broad);
  CHECK(sharp.sharpness > 5 * soft.sharpness);
  CHECK(facts_of(folder, "large.png", large).sharpness == doctest::Approx(sharp.sharpness));
  CHECK(sharp.saturation == 0);
  // BGR: pure red.
  CHECK(facts_of(folder, "red.png", cv::Mat(30, 30, CV_8UC3, cv::Scalar(0, 0, 200))).saturation == 255);
}

TEST_CASE("The look that moved comes first, and says of a photo what is odd about it") {
  std::vector<PhotoFacts> before, after;
  for (int i = 0; i < 21; ++i) before.push_back(lit(90 + i));
  for (int i = 0; i < 11; ++i) after.push_back(lit(95 + 10 * i));
  const std::vector<MovedLook> moved = moved_looks(before, after);
  REQUIRE(moved.size() == 8);
  CHECK(moved[0].look == "brightness");
  CHECK(moved[0].before == 100);
  CHECK(moved[0].after == 145);
  CHECK(moved[0].auc == doctest::Approx((5.5 + 15.5 + 21 * 9) / (21 * 11)));
  CHECK(moved[1].auc == 0.5);
  CHECK(oddest_looks(before, after)[10] == "brightness 195 against 100");
  CHECK(look_rows(after).count() == 11);
  CHECK(look_rows(after).width == 8);
}

TEST_CASE("Photos are drawn by their names, and more are drawn beside those of fewer") {
  std::vector<Sample> samples(100);
  for (size_t i = 0; i < 100; ++i) samples[i].id = stable_hash(std::to_string(i));
  const std::vector<size_t> few = drawn_by_hash(samples, 10, 1), more = drawn_by_hash(samples, 20, 1);
  CHECK(few.size() == 10);
  CHECK(std::is_sorted(few.begin(), few.end()));
  CHECK(std::includes(more.begin(), more.end(), few.begin(), few.end()));
  CHECK(drawn_by_hash(samples, 10, 2) != few);
  CHECK(drawn_by_hash(samples, 500, 1).size() == 100);
}

TEST_CASE("The verdict needs both a p-value and an AUC") {
  CHECK(drift_verdict({0.9, 0.2, {}, {}}).rfind("no drift seen", 0) == 0);
  CHECK(drift_verdict({0.4, 0.001, {}, {}}).rfind("no drift seen", 0) == 0);
  CHECK(drift_verdict({0.55, 0.001, {}, {}}).rfind("slight drift", 0) == 0);
  CHECK(drift_verdict({0.7, 0.001, {}, {}}).rfind("drift", 0) == 0);
  CHECK(drift_verdict({0.95, 0.001, {}, {}}).rfind("strong drift", 0) == 0);
}
