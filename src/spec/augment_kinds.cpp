#include "spec/augment_kinds.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

// Collects keys, defaults and documentation.
struct Describer {
  std::vector<AugmentField>& out;
  template <class T>
  void operator()(const char* key, T& value, const Doc& doc) {
    Json object;
    JsonWriter{object}(key, value, doc);
    out.push_back({key, object[key].dump(), doc});
  }
};

// Puts the text of one command-line value into JSON as the type of the member `key`.
struct TextSetter {
  const std::string& key;
  const std::string& text;
  const std::string& place;
  Json& object;

  void operator()(const char* name, double&, const Doc&) const {
    if (name == key) object[key] = number();
  }
  void operator()(const char* name, int64_t&, const Doc&) const {
    if (name == key) object[key] = number();
  }
  void operator()(const char* name, std::string&, const Doc&) const {
    if (name == key) object[key] = text;
  }
  void operator()(const char* name, ImageSize&, const Doc&) const {
    if (name != key) return;
    const ImageSize size = image_size_from_text(text, place);
    object[key] = Json::array({size.height, size.width});
  }

 private:
  Json number() const {
    Json value = Json::parse(text, nullptr, false);  // JSON's numbers do not depend on the locale
    if (!value.is_number()) throw UsageError(place + ": '" + text + "' is not a number; write for example " + sample());
    return value;
  }
  std::string sample() const { return place.substr(place.rfind(' ') + 1) + "=0.2"; }
};

void check(const RandomCrop& p, const std::string& place) {
  if (p.size.height < 1 || p.size.width < 1)
    throw UsageError(place + "size: is missing; give the size of the cut-out in pixels, such as 128 or [128, 96]");
}
void check_interval(double low, double high, const std::string& place, const char* name) {
  if (low > high)
    throw UsageError(place + "min_" + name + ": must not be above max_" + name + "; exchange the two or change one");
}
void check(const RandomResizedCrop& p, const std::string& place) {
  check_interval(p.min_area, p.max_area, place, "area");
  check_interval(p.min_ratio, p.max_ratio, place, "ratio");
}
void check(const RandomErasing& p, const std::string& place) {
  check_interval(p.min_area, p.max_area, place, "area");
  check_interval(p.min_ratio, p.max_ratio, place, "ratio");
}
void check(const RandomZoom& p, const std::string& place) {
  if (p.width_factor < 0 && p.width_factor != -1)
    throw UsageError(place + "width_factor: must be 0 or more, or -1 for the zoom of the height");
}
template <class Params>
void check(const Params&, const std::string&) {}

template <class Params>
Json resolve(const Json& given, const std::string& place) {
  Params params;
  JsonReader reader(given, place);
  reader.also_known("kind");
  fields(params, reader);
  reader.finish();
  check(params, place);
  Json out = Json::object();
  write_fields(params, out);
  return out;
}

template <class Params>
std::vector<AugmentField> describe() {
  Params params;
  std::vector<AugmentField> out;
  fields(params, Describer{out});
  return out;
}

struct KindRow {
  AugmentKind kind;
  void (*set)(const TextSetter& setter);
};

template <class Params>
void set_text(const TextSetter& setter) {
  Params params;
  fields(params, setter);
}

template <class Params>
KindRow row(AugmentKind kind) {
  kind.resolve = resolve<Params>;
  kind.describe = describe<Params>;
  return {std::move(kind), set_text<Params>};
}

const std::vector<KindRow>& rows() {
  // name, short name, help, changes the orientation, strengths of the command line, one value for all of them
  static const std::vector<KindRow> table{
      row<RandomFlip>({"random_flip", "flip", "mirrors left-right, top-bottom or both", true, {"mode"}, false, {}, {}}),
      row<RandomRotation>({"random_rotation", "rotation", "turns about the centre", true, {"factor"}, false, {}, {}}),
      row<RandomZoom>({"random_zoom",
                       "zoom",
                       "zooms in or out about the centre",
                       false,
                       {"height_factor", "width_factor"},
                       false,
                       {},
                       {}}),
      row<RandomTranslation>({"random_translation",
                              "translation",
                              "shifts by fractions of the size",
                              false,
                              {"height_factor", "width_factor"},
                              true,
                              {},
                              {}}),
      row<RandomShear>(
          {"random_shear", "shear", "slants about the centre", false, {"x_factor", "y_factor"}, true, {}, {}}),
      row<RandomCrop>({"random_crop",
                       "crop",
                       "cuts out a part at a random place; at the centre outside of training",
                       false,
                       {"size"},
                       false,
                       {},
                       {}}),
      row<RandomResizedCrop>({"random_resized_crop",
                              "resized_crop",
                              "cuts out a part of random area and aspect, and enlarges it",
                              false,
                              {"min_area", "max_area"},
                              false,
                              {},
                              {}}),
      row<RandomContrast>(
          {"random_contrast", "contrast", "stretches values about their mean", false, {"factor"}, false, {}, {}}),
      row<RandomBrightness>(
          {"random_brightness", "brightness", "makes lighter or darker", false, {"factor"}, false, {}, {}}),
      row<RandomSaturation>({"random_saturation",
                             "saturation",
                             "makes colours stronger or weaker",
                             false,
                             {"factor"},
                             false,
                             {},
                             {},
                             true}),
      row<RandomHue>({"random_hue", "hue", "turns the colours", false, {"factor"}, false, {}, {}, true}),
      row<RandomGrayscale>(
          {"random_grayscale", "grayscale", "takes the colour away", false, {"p"}, false, {}, {}, true}),
      row<GaussianNoise>({"gaussian_noise", "noise", "adds noise to every value", false, {"stddev"}, false, {}, {}}),
      row<GaussianBlur>({"gaussian_blur", "blur", "blurs", false, {"sigma"}, false, {}, {}}),
      row<RandomErasing>({"random_erasing", "erasing", "erases a rectangle", false, {"p"}, false, {}, {}}),
      row<RandAugment>({"randaugment",
                        "randaugment",
                        "n operations of RandAugment's list at strength m",
                        true,
                        {"n", "m"},
                        false,
                        {},
                        {}}),
      row<MixUp>(
          {"mixup", "mixup", "mixes each picture and its label with the next one's", false, {"alpha"}, false, {}, {}}),
      row<CutMix>({"cutmix",
                   "cutmix",
                   "pastes a box of the next picture, and mixes the labels by area",
                   false,
                   {"alpha"},
                   false,
                   {},
                   {}}),
  };
  return table;
}

const KindRow& find_row(const std::string& name, const std::string& place) {
  std::vector<std::string> words;
  for (const auto& r : rows()) {
    if (lower(name) == r.kind.name || lower(name) == r.kind.short_name) return r;
    words.push_back(r.kind.short_name);
    if (words.back() != r.kind.name) words.push_back(r.kind.name);
  }
  throw UsageError(place + ": " + unknown_word("augmentation", name, words));
}

// "rotation=0.2" -> {"kind": "random_rotation", "factor": 0.2}
Json entry_from_text(const std::string& text, const std::string& place) {
  const size_t equals = text.find('=');
  const std::string name = without_blanks(text.substr(0, equals));
  const KindRow& r = find_row(name, place);
  Json entry = Json::object();
  entry["kind"] = r.kind.name;
  const std::string where = place + " " + r.kind.short_name;
  if (equals == std::string::npos) return resolve_entry(r.kind, entry, where + ".");
  std::vector<std::string> values = split(text.substr(equals + 1), ':');
  const auto& keys = r.kind.strengths;
  if (values.size() == 1 && r.kind.one_for_all) values.resize(keys.size(), values[0]);
  if (values.size() > keys.size())
    throw UsageError(where + ": takes at most " + counted(static_cast<int64_t>(keys.size()), "value") + " (" +
                     join(keys, ":") + ")");
  for (size_t i = 0; i < values.size(); ++i) r.set({keys[i], without_blanks(values[i]), where, entry});
  return resolve_entry(r.kind, entry, where + ".");
}

}  // namespace

const std::vector<AugmentKind>& augment_kinds() {
  static const std::vector<AugmentKind> kinds = [] {
    std::vector<AugmentKind> out;
    for (const auto& r : rows()) out.push_back(r.kind);
    return out;
  }();
  return kinds;
}

const AugmentKind& augment_kind(const std::string& name, const std::string& place) {
  return find_row(name, place).kind;
}

Json parse_augment_text(const std::string& text, const std::string& place) {
  const std::string list = without_blanks(text);
  Json out = Json::array();
  if (list.empty() || lower(list) == "none") return out;
  for (const auto& part : split(list, ',')) out.push_back(entry_from_text(part, place));
  return out;
}

}  // namespace cvtool
