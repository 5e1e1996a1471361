// What a model file says of itself (`cvtool.json`), checked once, when it is read.
#pragma once

#include <string>

#include "base/json.h"
#include "spec/data_config.h"
#include "spec/summary_result.h"

namespace cvtool {

class DocumentReader;
void fields(LayerSummary& layer, DocumentReader& visit);
void fields(LayerTable& table, DocumentReader& visit);

// `text` is that of the entry. Throws Error naming `path` and the key: no text (not a model of cvtool), not JSON, of a
// newer format, a key that is missing or of another type than cvtool writes, a recipe that is none. So whoever reads
// the info may rely on these types:
//   always    "format", "classes" (at least one text), "imgsz", "recipe" (whole, but that keys may be left to their
//             defaults), "golden.probabilities" (numbers)
//   if there  "tool", "libtorch" (texts), "epoch" (integer), "base" (null or an object; "name", "file", "sha256" texts,
//   "net" an object), "summary" (a
//             LayerTable), "data" (an object; "layout", "digest" texts, "marks" an object, "counts"
//             integers, one a class), "metrics" (an object of numbers and nulls), "calibration", "unknown", "coverage"
//             (objects), "export" (an object with ExportFacts)
Json checked_model_info(const std::string& path, const std::string& text);

// What an exported model says of itself; of one that was not exported nothing.
struct ExportFacts {
  std::string precision;
  bool resize_inside = false;  // it is given photos of any size
};
void fields(ExportFacts& facts, DocumentReader& visit);
// Of what checked_model_info() gave.
ExportFacts export_facts(const Json& info);

// What an info holds of the model's own limits: see evaluate/known_photos.h.
constexpr const char* kUnknownKey = "unknown";
constexpr const char* kCoverageKey = "coverage";

// The info without them: for a form of the model that says other things, or has no use for them.
Json without_limits(Json info);

// What a photo is for the model, of what checked_model_info() gave; RGB where an earlier version did not say.
PixelFormat pixel_format(const Json& info);

// The licence of a pretrained backbone's weights, of what is known of it (Base::info; null: there is none); "" where it
// says none.
std::string base_licence(const Json& base);

// The table, of its JSON. Throws Error beginning with `place` where it is damaged.
LayerTable stored_layer_table(const Json& summary, const std::string& place);

}  // namespace cvtool
