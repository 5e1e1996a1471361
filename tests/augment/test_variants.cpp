#include "augment/variants.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "augment/pictures.h"

using namespace cvtool;

TEST_CASE("Flips have one, two or four outcomes, and anything else none") {
  const auto count = [](const char* text) { return FlipOutcomes(parse_augment_text(text), 1).count(); };
  CHECK(count("none") == 1);
  CHECK(count("flip=horizontal") == 2);
  CHECK(count("flip=vertical") == 2);
  CHECK(count("flip=horizontal_and_vertical") == 4);
  CHECK(count("flip=horizontal,flip=vertical") == 4);
  CHECK(count("flip=horizontal,flip=horizontal") == 2);
  CHECK(count("flip,contrast") == 0);
}

TEST_CASE("The outcome of a sample and epoch is what augmentation gives it, byte for byte") {
  const auto pictures = random_pictures(16, 5, 7);
  for (const char* text :
       {"none", "flip=horizontal", "flip=vertical", "flip=horizontal_and_vertical", "flip=horizontal,flip=vertical",
        "flip=vertical,flip=vertical", "flip=horizontal,flip=horizontal_and_vertical"}) {
    CAPTURE(text);
    const Json list = parse_augment_text(text);
    const FlipOutcomes variants(list, 11);
    const Augmenter augmenter(list, 11);
    CHECK(augmenter.only_flips());
    for (uint64_t epoch = 0; epoch < 3; ++epoch) {
      const auto out = augmenter.apply(rows_of(pictures, 0, 16), epoch).pixels;
      CHECK((out.scalar_type() == at::kByte));
      for (int64_t row = 0; row < 16; ++row) {
        const int64_t index = variants.index(static_cast<uint64_t>(1000 + row), epoch);
        REQUIRE(index < variants.count());
        CHECK(at::equal(out.narrow(0, row, 1), variants.pixels(pictures.narrow(0, row, 1), index)));
      }
    }
  }
}

TEST_CASE("All outcomes occur, evenly") {
  const FlipOutcomes variants(parse_augment_text("flip=horizontal_and_vertical"), 11);
  std::vector<int> seen(4);
  for (uint64_t id = 0; id < kDraws; ++id) ++seen[static_cast<size_t>(variants.index(id, 0))];
  for (int count : seen) CHECK(count == doctest::Approx(2500).epsilon(0.06));
}

TEST_CASE("Test-time flips are the picture and its mirror image") {
  const auto pictures = random_pictures(2, 6, 8);
  const TestTimeVariants variants(parse_tta_text("flip"), parse_augment_text("rotation"), 1);
  CHECK(variants.count() == 2);
  CHECK(at::equal(variants.variant(pictures, {1, 2}, 0).to(at::kByte), pictures));
  CHECK(at::equal(variants.variant(pictures, {1, 2}, 1).to(at::kByte), pictures.flip({3})));
}

TEST_CASE("Test-time variants begin with the picture, differ, and repeat") {
  const auto pictures = random_pictures(2, 6, 8);
  for (const char* text : {"none", "contrast,mixup,erasing"}) {
    const TestTimeVariants variants(parse_tta_text("4"), parse_augment_text(text), 1);
    CHECK(variants.count() == 4);
    CHECK(at::equal(variants.variant(pictures, {1, 2}, 0).to(at::kFloat), pictures.to(at::kFloat)));
    const auto second = variants.variant(pictures, {1, 2}, 1);
    CHECK(second.sizes() == pictures.sizes());
    CHECK(!at::equal(second, pictures.to(at::kFloat)));
    CHECK(!at::equal(second, variants.variant(pictures, {1, 2}, 2)));
    CHECK(at::equal(second, variants.variant(pictures, {1, 2}, 1)));
  }
}
