// The augmentations: names, parameters, help. Free of LibTorch, so that the program can check `--augment` and
// print help without the engine; augment/steps.h attaches what they do.
//
// Table driven: an augmentation is one struct with its fields, one row in augment_kinds.cpp and one in steps.cpp.
// A factor f is a strength: what is drawn lies in [-f, f] or [1-f, 1+f], as each help text says, and 0 leaves
// the pixels as they are. Pixels are RGB 0..255.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fields.h"

namespace cvtool {

// How a geometric step reads the picture. Consecutive geometric steps of equal Sampling share one resampling.
struct Sampling {
  std::string fill = "reflect";
  double fill_value = 0;
  std::string interpolation = "bilinear";
};
inline bool operator==(const Sampling& a, const Sampling& b) {
  return a.fill == b.fill && a.fill_value == b.fill_value && a.interpolation == b.interpolation;
}

template <class Visitor>
void fields(Sampling& s, Visitor&& visit) {
  visit("fill", s.fill,
        Doc("what lies beyond the border of abcd: reflect dcba abcd dcba, nearest aaaa abcd dddd, wrap abcd abcd "
            "abcd, or constant (fill_value)")
            .words({"reflect", "nearest", "wrap", "constant"}));
  visit("fill_value", s.fill_value, Doc("value of the constant fill").range(0, 255));
  visit("interpolation", s.interpolation, Doc("how pixels are read between pixels").words({"bilinear", "nearest"}));
}

struct RandomFlip {
  std::string mode = "horizontal";
};
template <class Visitor>
void fields(RandomFlip& p, Visitor&& visit) {
  visit("mode", p.mode,
        Doc("axes to mirror; each one independently with probability 1/2")
            .words({"horizontal", "vertical", "horizontal_and_vertical"}));
}

struct RandomRotation {
  double factor = 0.1;
  Sampling sampling;
};
template <class Visitor>
void fields(RandomRotation& p, Visitor&& visit) {
  visit("factor", p.factor, Doc("largest angle in turns, both ways: 0.2 is 72 degrees").range(0, 1));
  fields(p.sampling, visit);
}

struct RandomZoom {
  double height_factor = 0.1;
  double width_factor = -1;
  Sampling sampling;
};
template <class Visitor>
void fields(RandomZoom& p, Visitor&& visit) {
  visit("height_factor", p.height_factor,
        Doc("zoom from U[1-f, 1+f]; above 1 shows more of the picture, smaller").range(0, 0.99));
  visit("width_factor", p.width_factor, Doc("the same for the width; -1: the zoom of the height").range(-1, 0.99));
  fields(p.sampling, visit);
}

struct RandomTranslation {
  double height_factor = 0.1;
  double width_factor = 0.1;
  Sampling sampling;
};
template <class Visitor>
void fields(RandomTranslation& p, Visitor&& visit) {
  visit("height_factor", p.height_factor, Doc("largest shift up or down, as a fraction of the height").range(0, 1));
  visit("width_factor", p.width_factor, Doc("largest shift left or right, as a fraction of the width").range(0, 1));
  fields(p.sampling, visit);
}

struct RandomShear {
  double x_factor = 0.1;
  double y_factor = 0.1;
  Sampling sampling;
};
template <class Visitor>
void fields(RandomShear& p, Visitor&& visit) {
  visit("x_factor", p.x_factor, Doc("shear along x from U[-f, f]: pixels sideways for each pixel down").range(0, 1));
  visit("y_factor", p.y_factor, Doc("shear along y from U[-f, f]").range(0, 1));
  fields(p.sampling, visit);
}

struct RandomCrop {
  ImageSize size;
  Sampling sampling;
};
template <class Visitor>
void fields(RandomCrop& p, Visitor&& visit) {
  visit("size", p.size,
        Doc("size of the cut-out in pixels (required); a smaller picture is enlarged first").range(1, 8192));
  fields(p.sampling, visit);
}

struct RandomResizedCrop {
  double min_area = 0.08;
  double max_area = 1;
  double min_ratio = 0.75;
  double max_ratio = 4.0 / 3.0;
  Sampling sampling;
};
template <class Visitor>
void fields(RandomResizedCrop& p, Visitor&& visit) {
  visit("min_area", p.min_area, Doc("smallest part of the picture's area").range(0.001, 1));
  visit("max_area", p.max_area, Doc("largest part of the picture's area").range(0.001, 1));
  visit("min_ratio", p.min_ratio, Doc("smallest width / height of the part").range(0.01, 100));
  visit("max_ratio", p.max_ratio, Doc("largest width / height of the part").range(0.01, 100));
  fields(p.sampling, visit);
}

struct RandomContrast {
  double factor = 0.2;
};
template <class Visitor>
void fields(RandomContrast& p, Visitor&& visit) {
  visit("factor", p.factor, Doc("contrast c from U[1-f, 1+f): (x - mean) * c + mean of each channel").range(0, 1));
}

struct RandomBrightness {
  double factor = 0.2;
};
template <class Visitor>
void fields(RandomBrightness& p, Visitor&& visit) {
  visit("factor", p.factor, Doc("adds U[-f, f] times 255").range(0, 1));
}

struct RandomSaturation {
  double factor = 0.2;
};
template <class Visitor>
void fields(RandomSaturation& p, Visitor&& visit) {
  visit("factor", p.factor, Doc("saturation s from U[1-f, 1+f): grey + (x - grey) * s").range(0, 1));
}

struct RandomHue {
  double factor = 0.05;
};
template <class Visitor>
void fields(RandomHue& p, Visitor&& visit) {
  visit("factor", p.factor, Doc("largest turn of the hue (HSV), in turns, both ways").range(0, 0.5));
}

struct RandomGrayscale {
  double p = 0.1;
};
template <class Visitor>
void fields(RandomGrayscale& p, Visitor&& visit) {
  visit("p", p.p, Doc("probability of turning grey").range(0, 1));
}

struct GaussianNoise {
  double stddev = 0.05;
};
template <class Visitor>
void fields(GaussianNoise& p, Visitor&& visit) {
  visit("stddev", p.stddev, Doc("standard deviation of the noise, as a fraction of 255").range(0, 1));
}

struct GaussianBlur {
  double sigma = 1;
};
template <class Visitor>
void fields(GaussianBlur& p, Visitor&& visit) {
  visit("sigma", p.sigma, Doc("largest standard deviation in pixels; drawn from U[0, sigma]").range(0, 20));
}

struct RandomErasing {
  double p = 0.5;
  double min_area = 0.02;
  double max_area = 0.33;
  double min_ratio = 0.3;
  double max_ratio = 3.3;
  std::string value = "zero";
};
template <class Visitor>
void fields(RandomErasing& p, Visitor&& visit) {
  visit("p", p.p, Doc("probability of erasing a rectangle").range(0, 1));
  visit("min_area", p.min_area, Doc("smallest part of the area that is erased").range(0, 1));
  visit("max_area", p.max_area, Doc("largest part of the area that is erased").range(0, 1));
  visit("min_ratio", p.min_ratio, Doc("smallest height / width of the rectangle").range(0.01, 100));
  visit("max_ratio", p.max_ratio, Doc("largest height / width of the rectangle").range(0.01, 100));
  visit("value", p.value, Doc("what fills it: black, or uniform noise in 0..255").words({"zero", "noise"}));
}

struct RandAugment {
  int64_t n = 2;
  int64_t m = 9;
  Sampling sampling;
};
template <class Visitor>
void fields(RandAugment& p, Visitor&& visit) {
  visit("n", p.n, Doc("operations a picture").range(0, 14));
  visit("m", p.m, Doc("strength, 0 to 30").range(0, 30));
  fields(p.sampling, visit);
}

struct MixUp {
  double alpha = 0.2;
};
template <class Visitor>
void fields(MixUp& p, Visitor&& visit) {
  visit("alpha", p.alpha,
        Doc("fraction of the picture itself from Beta(alpha, alpha); 0: always all of it").range(0, 100));
}

struct CutMix {
  double alpha = 1;
};
template <class Visitor>
void fields(CutMix& p, Visitor&& visit) {
  visit("alpha", p.alpha,
        Doc("fraction of the picture itself from Beta(alpha, alpha); 0: always all of it").range(0, 100));
}

// One parameter of a kind, for help and documentation.
struct AugmentField {
  std::string key;
  std::string default_text;  // as JSON
  Doc doc;
};

struct AugmentKind {
  const char* name;        // in recipes: {"kind": name, ...}
  const char* short_name;  // on the command line: short_name=strength
  const char* help;
  bool changes_orientation;  // mirrors or turns the picture
  // The keys that the values of the command line set, in order: "zoom=0.2:0.1". One value sets them all where
  // `one_for_all` says so.
  std::vector<std::string> strengths;
  bool one_for_all;
  // Given parameters -> all of them, checked. Throws UsageError naming `place` and the key.
  Json (*resolve)(const Json& given, const std::string& place);
  std::vector<AugmentField> (*describe)();
  bool needs_colour = false;  // has no meaning for a grey picture
};

const std::vector<AugmentKind>& augment_kinds();

// By name or short name, without case; throws UsageError naming `place` and the nearest name.
const AugmentKind& augment_kind(const std::string& name, const std::string& place);

// An entry of that kind with all its parameters, its "kind" by the long name. `place` is put before the key
// in messages.
Json resolve_entry(const AugmentKind& kind, const Json& entry, const std::string& place);

// The value of "augment" in a recipe -> the resolved list: every entry {"kind": NAME, ...} with all
// parameters, in the order given. `value` is such a list, null, or a text as on the command line. Throws
// UsageError.
Json resolve_augment(const Json& value, const std::string& place);

// "flip=horizontal,rotation=0.2,contrast=0.5", or "none" -> the resolved list. A name alone takes its
// defaults; several strengths stand behind each other, "randaugment=2:9". Throws UsageError naming `place`.
Json parse_augment_text(const std::string& text, const std::string& place = "--augment");

// A resolved list as text for people: "flip=horizontal, rotation=0.2". Names strengths only.
std::string augment_text(const Json& augment);

// The size of a picture of size `size` after a resolved list: random_crop changes it.
ImageSize size_after_augment(const Json& augment, ImageSize size);

// Names of the entries of a resolved list that mirror or turn the picture: a warning where orientation
// matters.
std::vector<std::string> orientation_changes(const Json& augment);

// Names of the entries of a resolved list that have no meaning for grey pictures.
std::vector<std::string> colour_changes(const Json& augment);

// What `--tta` asks for: how often each picture is predicted. The mean of the probabilities is the answer.
struct TtaPlan {
  bool flip = false;     // as it is, and mirrored left-right
  int64_t variants = 1;  // 1: no test-time augmentation
};

// "none", "flip" or a number of variants from 1 to 64. Throws UsageError naming `place`.
TtaPlan parse_tta_text(const std::string& text, const std::string& place = "--tta");
std::string tta_text(const TtaPlan& plan);

}  // namespace cvtool
