#include "augment/steps.h"

#include <ATen/ATen.h>

#include "augment/mixing.h"
#include "augment/randaugment.h"
#include "augment/resample.h"
#include "base/error.h"
#include "torch/transfer.h"

namespace cvtool {
namespace {

using Work = decltype(Step::work);

ImageSize size_of(const at::Tensor& pixels) { return {pixels.size(2), pixels.size(3)}; }

template <class Params>
Params read(const Json& entry) {
  Params params;
  JsonReader reader(entry, "augment.");
  reader.also_known("kind");
  fields(params, reader);
  reader.finish();
  return params;
}

template <class Params>
GeometryStep geometry(const Params& params) {
  GeometryStep step;
  step.draw = [params](Random& random, ImageSize in) { return draw_affine(params, random, in); };
  return step;
}

template <class Params>
Work sampled(const Json& entry) {
  const auto params = read<Params>(entry);
  GeometryStep step = geometry(params);
  step.sampling = params.sampling;
  return step;
}

Work flip(const Json& entry) {
  GeometryStep step = geometry(read<RandomFlip>(entry));
  step.samples = false;
  return step;
}

Work crop(const Json& entry) {
  const auto params = read<RandomCrop>(entry);
  GeometryStep step = geometry(params);
  step.sampling = params.sampling;
  step.eval_transform = [params](ImageSize in) { return centre_crop(params, in); };
  step.output_size = [params](ImageSize) { return params.size; };
  return step;
}

template <class Params>
Work colour(const Json& entry) {
  const auto params = read<Params>(entry);
  return ColourStep{[params](Random& random, ColourMap& map) { draw_colour(params, random, map); }};
}

Work hue(const Json& entry) {
  const auto params = read<RandomHue>(entry);
  return PixelStep{[params](const at::Tensor& pixels, const DrawKeys& keys, const std::string& purpose) {
    std::vector<double> turns;
    for (size_t i = 0; i < keys.ids.size(); ++i)
      turns.push_back(keys.random(purpose, i).uniform(-params.factor, params.factor));
    return shift_hue(pixels, turns);
  }};
}

// One tensor per row, drawn on the CPU so that every device sees the same numbers: [N,C,H,W] f32 on its device.
template <class Draw>
at::Tensor drawn_rows(const at::Tensor& like, size_t count, const Draw& draw) {
  std::vector<at::Tensor> rows;
  for (size_t i = 0; i < count; ++i) rows.push_back(draw(i).view(like.sizes().slice(1)));
  return sent(at::stack(rows), like.device());
}

Work noise(const Json& entry) {
  const auto params = read<GaussianNoise>(entry);
  return PixelStep{[params](const at::Tensor& pixels, const DrawKeys& keys, const std::string& purpose) {
    if (params.stddev == 0) return pixels;
    auto drawn = drawn_rows(pixels, keys.ids.size(), [&](size_t row) {
      Random random = keys.random(purpose, row);
      return normal_draws(random, pixels[0].numel());
    });
    return drawn.mul_(255 * params.stddev).add_(pixels).clamp_(0, 255);
  }};
}

Work blur(const Json& entry) {
  const auto params = read<GaussianBlur>(entry);
  return PixelStep{[params](const at::Tensor& pixels, const DrawKeys& keys, const std::string& purpose) {
    std::vector<double> sigmas;
    for (size_t i = 0; i < keys.ids.size(); ++i) sigmas.push_back(keys.random(purpose, i).uniform(0, params.sigma));
    return gaussian_blur(pixels, sigmas);
  }};
}

Work erasing(const Json& entry) {
  const auto params = read<RandomErasing>(entry);
  return PixelStep{[params](const at::Tensor& pixels, const DrawKeys& keys, const std::string& purpose) {
    std::vector<Box> boxes;
    std::vector<Random> randoms;  // each goes on behind the draws of its box
    bool any = false;
    for (size_t i = 0; i < keys.ids.size(); ++i) {
      randoms.push_back(keys.random(purpose, i));
      boxes.push_back(draw_box(params, randoms.back(), size_of(pixels)));
      any |= boxes.back().height > 0;
    }
    if (!any) return pixels;
    const auto mask = box_mask(boxes, pixels);
    if (params.value == "zero") return pixels.masked_fill(mask, 0);
    const auto noise_in_box =
        drawn_rows(pixels, boxes.size(), [&](size_t row) { return byte_draws(randoms[row], pixels[0].numel()); });
    return at::where(mask, noise_in_box, pixels);
  }};
}

Work randaugment(const Json& entry) {
  const auto params = read<RandAugment>(entry);
  return PixelStep{[params](const at::Tensor& pixels, const DrawKeys& keys, const std::string& purpose) {
    std::vector<Random> randoms;
    for (size_t i = 0; i < keys.ids.size(); ++i) randoms.push_back(keys.random(purpose, i));
    auto x = pixels;
    for (int64_t k = 0; k < params.n; ++k) {
      std::vector<RandOpDraw> draws;
      for (auto& random : randoms) draws.push_back(draw_rand_op(params.m, random, size_of(x)));
      x = as_float(apply_rand_ops(x, draws, params.sampling));
    }
    return x;
  }};
}

Work mixup(const Json& entry) {
  const auto params = read<MixUp>(entry);
  return MixStep{[params](const at::Tensor& own, const at::Tensor& partner, std::vector<Random> randoms) {
    std::vector<double> fractions;
    for (auto& random : randoms) fractions.push_back(draw_beta(params.alpha, random));
    return Mixture{mix_rows(own, partner, fractions), fractions};
  }};
}

Work cutmix(const Json& entry) {
  const auto params = read<CutMix>(entry);
  return MixStep{[params](const at::Tensor& own, const at::Tensor& partner, std::vector<Random> randoms) {
    std::vector<double> fractions;
    std::vector<Box> boxes;
    for (auto& random : randoms) {
      const CutMixDraw draw = draw_cutmix(params, random, size_of(own));
      fractions.push_back(draw.fraction);
      boxes.push_back(draw.box);
    }
    return Mixture{paste_boxes(own, partner, boxes), fractions};
  }};
}

struct Maker {
  const char* name;
  Work (*make)(const Json& entry);
};

const Maker kMakers[] = {
    {"random_flip", flip},
    {"random_rotation", sampled<RandomRotation>},
    {"random_zoom", sampled<RandomZoom>},
    {"random_translation", sampled<RandomTranslation>},
    {"random_shear", sampled<RandomShear>},
    {"random_crop", crop},
    {"random_resized_crop", sampled<RandomResizedCrop>},
    {"random_contrast", colour<RandomContrast>},
    {"random_brightness", colour<RandomBrightness>},
    {"random_saturation", colour<RandomSaturation>},
    {"random_hue", hue},
    {"random_grayscale", colour<RandomGrayscale>},
    {"gaussian_noise", noise},
    {"gaussian_blur", blur},
    {"random_erasing", erasing},
    {"randaugment", randaugment},
    {"mixup", mixup},
    {"cutmix", cutmix},
};

}  // namespace

Step make_step(const Json& entry, size_t position) {
  const std::string kind = augment_kind(entry["kind"].get<std::string>(), "augment").name;
  for (const auto& maker : kMakers)
    if (kind == maker.name) return {"augment/" + std::to_string(position) + "/" + kind, maker.make(entry)};
  throw UsageError("augment: '" + kind + "' has no function in this build; leave it out of the list");
}

std::vector<std::string> kinds_with_function() {
  std::vector<std::string> names;
  for (const auto& maker : kMakers) names.push_back(maker.name);
  return names;
}

}  // namespace cvtool
