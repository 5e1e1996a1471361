#include "search/advice.h"

#include <doctest/doctest.h>

#include "scratch.h"

using namespace cvtool;

namespace {

const std::vector<std::string> kClasses{"ant", "bee", "cow"};

// Photos of each class in turn, all named right with certainty.
JudgedPhotos judged_right(size_t count) {
  JudgedPhotos judged;
  for (size_t i = 0; i < count; ++i) {
    const auto label = static_cast<int64_t>(i % kClasses.size());
    judged.photos.push_back({kClasses[i % kClasses.size()] + "/" + std::to_string(i) + ".jpg", label, i});
    judged.scores.loss.push_back(0.01);
    judged.scores.right.push_back(1);
    judged.scores.named.push_back(label);
  }
  return judged;
}

void take_for(PhotoScores& scores, size_t photo, int64_t other, double loss) {
  scores.loss[photo] = loss;
  scores.right[photo] = 0;
  scores.named[photo] = other;
}

}  // namespace

TEST_CASE("More photos are advised where half of them did worse by more than chance") {
  JudgedPhotos judged = judged_right(60);
  judged.with_half = judged.scores;
  REQUIRE(advice_on(judged, kClasses).size() == 1);
  CHECK(contains(advice_on(judged, kClasses)[0], "more photos like these would help little"));
  // Surer of the same names is no help.
  for (double& loss : judged.with_half.loss) loss += 1;
  CHECK(contains(advice_on(judged, kClasses)[0], "more photos like these would help little"));
  for (size_t i = 0; i < 12; ++i) take_for(judged.with_half, i, 2, 1);
  CHECK(contains(advice_on(judged, kClasses)[0],
                 "more photos would help: fitted to half of the photos the head names 0.8000 of photos left out right, "
                 "to all 1.0000"));
}

TEST_CASE("The class that is named right least often is advised, with what it is taken for") {
  JudgedPhotos judged = judged_right(60);
  for (size_t i = 1; i < 30; i += 3) take_for(judged.scores, i, 2, 1);
  const std::vector<std::string> advice = advice_on(judged, kClasses);
  REQUIRE(advice.size() == 1);
  CHECK(contains(advice[0],
                 "photos of bee would help most: of its 20 photos 0.5000 are named right when left out, the rest "
                 "mostly taken for cow"));
  // As weak as the others: no class is singled out.
  for (size_t i = 0; i < 30; ++i) take_for(judged.scores, i, static_cast<int64_t>((i + 1) % 3), 1);
  CHECK(advice_on(judged, kClasses).empty());
}

TEST_CASE("Photos whose label the others contradict are named, the oddest first") {
  JudgedPhotos judged = judged_right(300);
  take_for(judged.scores, 7, 0, 4);  // wrong, but not surely
  take_for(judged.scores, 9, 1, 6);
  CHECK(advice_on(judged, kClasses) == std::vector<std::string>{"labels to look at: ant/9.jpg (ant, looks like bee)"});
  for (const size_t photo : {11, 12, 13}) take_for(judged.scores, photo, photo == 11 ? 0 : 2, 7 + double(photo));
  CHECK(advice_on(judged, kClasses).back() ==
        "labels to look at: bee/13.jpg (bee, looks like cow), ant/12.jpg (ant, looks like cow), cow/11.jpg (cow, looks "
        "like ant) and 1 more");
}

TEST_CASE("Of a class with a photo or two no label is doubted, for nobody can know it when they are left out") {
  JudgedPhotos judged = judged_right(60);
  const std::vector<std::string> classes{"ant", "bee", "cow", "dog"};
  for (size_t i = 0; i < 4; ++i) {
    judged.photos[i].label = 3;
    take_for(judged.scores, i, 0, 9);
  }
  CHECK(advice_on(judged, classes).empty());
  judged.photos[4].label = 3;
  take_for(judged.scores, 4, 0, 9);
  CHECK(contains(advice_on(judged, classes).back(), "labels to look at: ant/0.jpg (dog, looks like ant)"));
}

TEST_CASE("Of a handful of photos nothing is advised") {
  JudgedPhotos judged = judged_right(39);
  for (size_t i = 0; i < 39; ++i) take_for(judged.scores, i, 2, 9);
  CHECK(advice_on(judged, kClasses).empty());
}
