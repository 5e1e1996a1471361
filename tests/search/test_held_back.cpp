#include "search/held_back.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "data/opened_photos.h"
#include "search/training_trial.h"

using namespace cvtool;

TEST_CASE("a fifth of each class is held back, and no photo is on both sides") {
  const OpenedPhotos photos(40);
  const HeldBackRows parts = held_back(*photos.store, 1);
  CHECK(parts.check.size() == 8);
  CHECK(parts.fit.size() == 32);
  std::set<size_t> rows(parts.fit.begin(), parts.fit.end());
  rows.insert(parts.check.begin(), parts.check.end());
  CHECK(rows.size() == 40);
  for (const int64_t label : {0, 1})
    CHECK(std::count_if(parts.check.begin(), parts.check.end(),
                        [&](size_t row) { return photos.store->samples()[row].label == label; }) == 4);
}

TEST_CASE("what is held back follows from photos and seed, and stays where fewer are trained on") {
  const OpenedPhotos photos(40);
  const HeldBackRows parts = held_back(*photos.store, 1), few = held_back(*photos.store, 1, 10);
  CHECK(parts.check == held_back(*photos.store, 1).check);
  CHECK(parts.check != held_back(*photos.store, 2).check);
  CHECK(parts.check == few.check);
  CHECK(few.fit.size() >= 10);
  CHECK(few.fit.size() <= 12);
}

TEST_CASE("the five parts together hold back each photo once, and a class never whole") {
  const OpenedPhotos photos(42);
  std::multiset<size_t> rows;
  for (size_t part = 0; part < kHeldBackParts; ++part) {
    const HeldBackRows parts = held_back(*photos.store, 1, 0, part);
    CHECK(parts.fit.size() + parts.check.size() == 42);
    rows.insert(parts.check.begin(), parts.check.end());
  }
  CHECK(std::vector<size_t>(rows.begin(), rows.end()) == in_order(42));

  // Of one class three copies of a photo, which stay together.
  const auto& samples = photos.store->samples();
  std::vector<size_t> rows_of[2];
  for (size_t row = 0; row < samples.size(); ++row) rows_of[samples[row].label].push_back(row);
  std::vector<size_t> chosen(rows_of[0].begin(), rows_of[0].begin() + 6);
  chosen.insert(chosen.end(), 3, rows_of[1].front());
  const auto store = photos.store->subset(chosen);
  for (size_t part = 0; part < kHeldBackParts; ++part)
    for (const size_t row : held_back(*store, 1, 0, part).check) CHECK(store->samples()[row].label == 0);
}

TEST_CASE("trials hold back each photo once, of few photos several fifths at once") {
  const OpenedPhotos photos(40);
  std::vector<size_t> rows = rows_held_back(*photos.store, 1);
  std::sort(rows.begin(), rows.end());
  CHECK(rows == in_order(40));
  CHECK(trials_for(200) == 5);
  CHECK(trials_for(400) == 2);
  CHECK(trials_for(5000) == 1);
  CHECK(trials_for(0) == 5);
}

TEST_CASE("a part of a store gives the pixels of the photos that it was made of") {
  const OpenedPhotos photos(6);
  const auto part = photos.store->subset({4, 1});
  REQUIRE(part->samples().size() == 2);
  CHECK(part->samples()[0].path == photos.store->samples()[4].path);
  std::vector<uint8_t> own(8 * 8 * 3), whole(8 * 8 * 3);
  REQUIRE(part->pixels(1, own.data()));
  REQUIRE(photos.store->pixels(1, whole.data()));
  CHECK(own == whole);
  CHECK(part->content(0) == photos.store->content(4));
}

TEST_CASE("some rows are of every class by its share, and all where there are not more") {
  const OpenedPhotos photos(40);
  const std::vector<size_t> some = some_rows(*photos.store, 1, 10);
  CHECK(some.size() == 12);
  CHECK(std::is_sorted(some.begin(), some.end()));
  CHECK(std::count_if(some.begin(), some.end(), [&](size_t row) { return photos.store->samples()[row].label == 0; }) ==
        6);
  CHECK(some_rows(*photos.store, 1, 100) == in_order(40));
}

TEST_CASE("Copies of a photo are held back together, or not at all") {
  const OpenedPhotos photos(40);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    // Each photo three times: a fifth of a class falls between copies.
    std::vector<size_t> rows;
    for (size_t row = 0; row < 114; ++row) rows.push_back(row % 38);
    const auto store = photos.store->subset(rows);
    const HeldBackRows parts = held_back(*store, seed);
    std::set<ContentHash> fit;
    for (const size_t row : parts.fit) fit.insert(store->content(row));
    CHECK(std::none_of(parts.check.begin(), parts.check.end(),
                       [&](size_t row) { return fit.count(store->content(row)) > 0; }));
    CHECK(parts.check.size() == 24);
  }
}
