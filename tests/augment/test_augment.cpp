#include "augment/augment.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "augment/pictures.h"
#include "augment/resample.h"
#include "augment/steps.h"
#include "base/error.h"

using namespace cvtool;

namespace {

const std::string kEverything =
    "flip=horizontal_and_vertical,rotation=0.2,zoom=0.2,translation=0.1,shear=0.1,resized_crop,contrast=0.5,"
    "brightness=0.1,saturation=0.3,hue=0.1,grayscale=0.2,noise=0.05,blur=1,erasing=0.5,randaugment,mixup,"
    "cutmix";

// All pictures of an epoch in batches, each with the samples that follow it.
AugmentedBatch in_batches(const Augmenter& augmenter, const at::Tensor& pictures, int64_t batch, uint64_t epoch) {
  const int64_t count = pictures.size(0), ahead = augmenter.lookahead();
  const auto circle = at::cat({pictures, pictures.narrow(0, 0, ahead)});
  AugmentRows all = rows_of(pictures, 0, count);
  const auto labels = at::cat({all.labels, all.labels.narrow(0, 0, ahead)});
  for (int64_t i = 0; i < ahead; ++i) all.ids.push_back(all.ids[static_cast<size_t>(i)]);
  const auto part = [&](int64_t first, int64_t n) {
    const auto begin = all.ids.begin() + first;
    return AugmentRows{circle.narrow(0, first, n), labels.narrow(0, first, n), {begin, begin + n}};
  };
  std::vector<at::Tensor> pixels, soft;
  for (int64_t first = 0; first < count; first += batch) {
    const int64_t n = std::min(batch, count - first);
    const AugmentRows following = part(first + n, ahead);
    const auto out = augmenter.apply(part(first, n), epoch, &following);
    pixels.push_back(out.pixels);
    soft.push_back(out.labels);
  }
  return {at::cat(pixels), at::cat(soft)};
}

}  // namespace

TEST_CASE("Every kind of the table has a function, and every function a kind") {
  std::vector<std::string> names;
  for (const auto& kind : augment_kinds()) names.push_back(kind.name);
  CHECK(names == kinds_with_function());
}

TEST_CASE("A sample's tensor is the same in batches of 1, 32 and 64, with 1 and 2 threads") {
  const auto pictures = random_pictures(64, 24, 20);
  const Augmenter augmenter(parse_augment_text(kEverything), 42, 3);
  const auto expected = in_batches(augmenter, pictures, 64, 3);
  for (int64_t batch : {1, 32, 40}) {
    CAPTURE(batch);
    const auto out = in_batches(augmenter, pictures, batch, 3);
    CHECK(at::equal(out.pixels, expected.pixels));
    CHECK(at::equal(out.labels, expected.labels));
  }
  const int threads = at::get_num_threads();
  for (int n : {1, 2}) {
    at::set_num_threads(n);
    CHECK(at::equal(in_batches(augmenter, pictures, 64, 3).pixels, expected.pixels));
  }
  at::set_num_threads(threads);
  CHECK(!at::equal(in_batches(augmenter, pictures, 64, 4).pixels, expected.pixels));
}

TEST_CASE("Strength zero leaves every byte of every kind as it is") {
  const auto pictures = random_pictures(5, 16, 16);
  for (const std::string text :
       {"none", "rotation=0", "zoom=0", "zoom=0:0", "translation=0", "shear=0", "crop=16", "contrast=0", "brightness=0",
        "saturation=0", "hue=0", "grayscale=0", "noise=0", "blur=0", "erasing=0", "randaugment=0", "mixup=0",
        "cutmix=0", "rotation=0,contrast=0,zoom=0,brightness=0,shear=0,saturation=0,translation=0,hue=0,blur=0"}) {
    CAPTURE(text);
    const Augmenter augmenter(parse_augment_text(text), 42, 3);
    const auto out = augmenter.apply(rows_of(pictures, 0, 5), 1);
    CHECK(at::equal(out.pixels.to(at::kFloat), pictures.to(at::kFloat)));
  }
}

TEST_CASE("Shape, type and range are kept by every kind") {
  const auto pictures = random_pictures(8, 15, 18);
  for (const auto& kind : augment_kinds()) {
    CAPTURE(kind.name);
    const std::string name = kind.short_name;
    const Augmenter augmenter(parse_augment_text(name == "crop" ? "crop=15x18" : name), 42, 3);
    for (const auto& input : {pictures, pictures.to(at::kFloat).contiguous()}) {
      AugmentRows rows = rows_of(input, 0, 8);
      const auto before = input.clone();
      const auto out = augmenter.apply(rows, 1);
      CHECK(out.pixels.sizes() == pictures.sizes());
      CHECK(out.pixels.is_contiguous(at::MemoryFormat::ChannelsLast));
      CHECK((out.pixels.scalar_type() == (name == "flip" ? input.scalar_type() : at::kFloat)));
      CHECK(out.pixels.min().item<double>() >= 0);
      CHECK(out.pixels.max().item<double>() <= 255);
      CHECK(at::equal(input, before));  // the caller's pixels are not touched
      if (augmenter.soft_labels())
        CHECK(close(out.labels.sum(1), at::ones({8}), 1e-6));
      else
        CHECK(at::equal(out.labels, rows.labels));
    }
  }
}

TEST_CASE("Geometric steps become the product of their matrices in one resampling") {
  const auto pictures = random_pictures(4, 20, 24);
  const ImageSize size{20, 24};
  const Augmenter augmenter(parse_augment_text("rotation=0.2,zoom=0.2,contrast=0,translation=0.1,flip,shear=0.2"), 7);
  const auto out = augmenter.apply(rows_of(pictures, 0, 4), 5);
  for (int64_t row = 0; row < 4; ++row) {
    const auto random = [&](const char* purpose) { return Random(7, purpose, 5, static_cast<uint64_t>(1000 + row)); };
    Random r0 = random("augment/0/random_rotation"), r1 = random("augment/1/random_zoom"),
           r3 = random("augment/3/random_translation"), r4 = random("augment/4/random_flip"),
           r5 = random("augment/5/random_shear");
    Affine map =
        compose(draw_affine(RandomRotation{0.2, {}}, r0, size), draw_affine(RandomZoom{0.2, -1, {}}, r1, size));
    map = compose(map, draw_affine(RandomTranslation{0.1, 0.1, {}}, r3, size));
    map = compose(map, draw_affine(RandomFlip{}, r4, size));
    map = compose(map, draw_affine(RandomShear{0.2, 0.2, {}}, r5, size));
    CHECK(at::equal(out.pixels.narrow(0, row, 1), resample(pictures.narrow(0, row, 1), {map}, size, {})));
  }
}

TEST_CASE("Steps of different fill are resampled in their order") {
  const auto pictures = random_pictures(1, 12, 12);
  const Json list = Json::parse(R"([{"kind": "random_translation", "fill": "constant", "fill_value": 255},
                                    {"kind": "random_brightness", "factor": 0.5},
                                    {"kind": "random_rotation", "fill": "constant"}])");
  const auto out = Augmenter(list, 3).apply(rows_of(pictures, 0, 1), 0);
  const ImageSize size{12, 12};
  Random t(3, "augment/0/random_translation", 0, 1000), b(3, "augment/1/random_brightness", 0, 1000),
      r(3, "augment/2/random_rotation", 0, 1000);
  Sampling white, black;
  white.fill = black.fill = "constant";
  white.fill_value = 255;
  auto x = resample(pictures, {draw_affine(RandomTranslation{}, t, size)}, size, white);
  x = (x + 255 * b.uniform(-0.5, 0.5)).clamp(0, 255);
  CHECK(close(out.pixels, resample(x, {draw_affine(RandomRotation{}, r, size)}, size, black), 1e-3));
}

TEST_CASE("A constant fill behind a colour step is not coloured") {
  const auto pictures = random_pictures(1, 12, 12);
  const Json list = Json::parse(R"([{"kind": "random_brightness", "factor": 0.5},
                                    {"kind": "random_rotation", "fill": "constant"}])");
  const auto out = Augmenter(list, 3).apply(rows_of(pictures, 0, 1), 0);
  Random b(3, "augment/0/random_brightness", 0, 1000), r(3, "augment/1/random_rotation", 0, 1000);
  Sampling black;
  black.fill = "constant";
  const auto x = (pictures + 255 * b.uniform(-0.5, 0.5)).clamp(0, 255);
  const ImageSize size{12, 12};
  CHECK(close(out.pixels, resample(x, {draw_affine(RandomRotation{}, r, size)}, size, black), 1e-3));
}

TEST_CASE("A crop changes the size; outside of training it is the centre") {
  const auto pictures = random_pictures(3, 20, 30);
  const Augmenter augmenter(parse_augment_text("crop=8x10,noise=0.1"), 1);
  CHECK(augmenter.output_size({20, 30}) == ImageSize{8, 10});
  CHECK(augmenter.apply(rows_of(pictures, 0, 3), 0).pixels.sizes() == at::IntArrayRef({3, 3, 8, 10}));
  CHECK(at::equal(augmenter.eval_transform(pictures), pictures.narrow(2, 6, 8).narrow(3, 10, 10).to(at::kFloat)));
  const Augmenter bigger(parse_augment_text("crop=40"), 1);
  CHECK(bigger.eval_transform(pictures).sizes() == at::IntArrayRef({3, 3, 40, 40}));
}

TEST_CASE("The result is the same in inference mode") {
  const auto pictures = random_pictures(4, 16, 16);
  const Augmenter augmenter(parse_augment_text("flip,rotation,contrast,hue,erasing"), 1);
  const auto expected = augmenter.apply(rows_of(pictures, 0, 4), 0).pixels;
  const c10::InferenceMode mode;
  CHECK(at::equal(augmenter.apply(rows_of(pictures, 0, 4), 0).pixels, expected));
}

TEST_CASE("Mixing without the number of classes, and rows that do not fit, are errors") {
  CHECK_THROWS_AS(Augmenter(parse_augment_text("mixup"), 1), Error);
  const Augmenter augmenter(parse_augment_text("contrast"), 1);
  AugmentRows rows = rows_of(random_pictures(2, 4, 4), 0, 2);
  rows.ids.pop_back();
  CHECK_THROWS_AS(augmenter.apply(rows, 0), Error);
}
