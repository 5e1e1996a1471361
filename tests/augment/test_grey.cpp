// Augmentation of pictures of one channel.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "augment/colour.h"
#include "augment/pictures.h"
#include "augment/variants.h"

using namespace cvtool;

namespace {

constexpr int64_t kSide = 24;

// One channel of noise, and the same as three equal ones.
AugmentRows grey_rows() {
  AugmentRows rows = rows_of(random_pictures(6, kSide, kSide), 0, 6);
  rows.pixels = rows.pixels.narrow(1, 0, 1).contiguous();
  return rows;
}

AugmentRows three_equal(AugmentRows rows) {
  rows.pixels = rows.pixels.expand({-1, 3, -1, -1}).contiguous(at::MemoryFormat::ChannelsLast);
  return rows;
}

}  // namespace

TEST_CASE("Each augmentation does to a grey picture what it does to three equal channels") {
  int compared = 0;
  for (const AugmentKind& kind : augment_kinds()) {
    const std::string name = kind.short_name;
    // What draws for every value draws other numbers; what changes colours is refused by the recipe.
    if (name == "noise" || kind.needs_colour) continue;
    CAPTURE(name);
    const Augmenter augmenter(parse_augment_text(name == "crop" ? "crop=16" : name), 3, 3);
    const AugmentRows grey = grey_rows();
    for (uint64_t epoch = 0; epoch < 4; ++epoch) {
      const AugmentedBatch one = augmenter.apply(grey, epoch), three = augmenter.apply(three_equal(grey), epoch);
      REQUIRE(one.pixels.size(1) == 1);
      CHECK(one.pixels.is_contiguous(at::MemoryFormat::ChannelsLast));
      // Luma is computed of three channels, and rounded.
      CHECK(close(one.pixels, three.pixels.narrow(1, 0, 1), 1e-2));
      CHECK(one.labels.equal(three.labels));
    }
    ++compared;
  }
  CHECK(compared == 14);
}

TEST_CASE("Noise is drawn for the one channel that there is") {
  const AugmentRows grey = grey_rows();
  const at::Tensor noisy = Augmenter(parse_augment_text("noise=0.1"), 3).apply(grey, 1).pixels;
  REQUIRE(noisy.sizes() == grey.pixels.sizes());
  const double spread = (noisy - grey.pixels.to(at::kFloat)).std().item<double>();
  CHECK(spread > 15);
  CHECK(spread < 27);
}

TEST_CASE("RandAugment's change of colours leaves a grey picture as it is, bit for bit") {
  ColourMap map;
  map.saturation(1.7);
  const at::Tensor grey = grey_rows().pixels.to(at::kFloat);
  CHECK(apply_colour(grey, std::vector<ColourMap>(6, map)).equal(grey));
}

TEST_CASE("Test-time variants of grey pictures are grey") {
  const at::Tensor grey = grey_rows().pixels;
  const TestTimeVariants variants({false, 3}, Json::array(), 1, true);
  for (int64_t i = 0; i < 3; ++i) CHECK(variants.variant(grey, {1, 2, 3, 4, 5, 6}, i).size(1) == 1);
}
