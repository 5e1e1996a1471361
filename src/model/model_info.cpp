#include "model/model_info.h"

#include "base/document.h"
#include "base/error.h"
#include "model/archive.h"
#include "model/model_file.h"
#include "spec/recipe.h"

namespace cvtool {
namespace {

constexpr const char* kMakeAgain = "the file is damaged, make it again";

}  // namespace

void fields(LayerSummary& l, DocumentReader& visit) {
  visit("name", l.name, kRequired), visit("kind", l.kind, kRequired), visit("output", l.output, kRequired);
  visit("trainable", l.trainable, kRequired), visit("non_trainable", l.non_trainable, kRequired);
}

void fields(LayerTable& t, DocumentReader& visit) {
  visit("layers", t.layers, kRequired), visit("trainable", t.trainable, kRequired);
  visit("non_trainable", t.non_trainable, kRequired);
  int64_t total = 0;
  visit("total", total, kRequired);
}

void fields(ExportFacts& e, DocumentReader& visit) {
  visit("precision", e.precision), visit("resize_inside", e.resize_inside);
}

namespace {

struct StoredData {
  std::string layout, digest;
  JsonObject marks;             // texts; numbers in files of 0.1.0
  std::vector<int64_t> counts;  // training photos of each class
};
void fields(StoredData& d, DocumentReader& visit) {
  visit("layout", d.layout), visit("digest", d.digest), visit("marks", d.marks);
  visit("counts", d.counts);
}

struct StoredBase {
  std::string name, file, sha256;
  JsonObject net;
};
void fields(StoredBase& b, DocumentReader& visit) {
  visit("name", b.name), visit("file", b.file), visit("sha256", b.sha256);
  visit("net", b.net);
}

struct StoredGolden {
  std::vector<double> probabilities;
};
void fields(StoredGolden& g, DocumentReader& visit) { visit("probabilities", g.probabilities, kRequired); }

struct ModelInfo {
  std::vector<std::string> classes;
  ImageSize imgsz;
  JsonObject recipe, calibration, unknown, coverage;
  ExportFacts exported;
  StoredGolden golden;
  std::string tool, libtorch;
  int64_t epoch = 0;
  std::optional<StoredBase> base;
  std::optional<LayerTable> summary;
  StoredData data;
  Keyed<std::optional<double>> metrics;
};
void fields(ModelInfo& i, DocumentReader& visit) {
  visit("classes", i.classes, kRequired), visit("imgsz", i.imgsz, kRequired), visit("recipe", i.recipe, kRequired);
  visit("golden", i.golden, kRequired), visit("tool", i.tool), visit("libtorch", i.libtorch), visit("epoch", i.epoch);
  visit("base", i.base), visit("summary", i.summary), visit("data", i.data), visit("metrics", i.metrics);
  visit("calibration", i.calibration), visit("export", i.exported);
  visit(kUnknownKey, i.unknown), visit(kCoverageKey, i.coverage);
}

void check_format(const std::string& place, const Json& info) {
  const Json format = info.value("format", Json(0));
  if (!format.is_number_integer()) throw Error(place + " has no format number; " + kMakeAgain);
  if (format.get<int64_t>() > kModelFormat)
    throw Error(place + ": is of model format " + format.dump() + ", this cvtool reads up to " +
                std::to_string(kModelFormat) + "; use a newer cvtool");
}

}  // namespace

ExportFacts export_facts(const Json& info) {
  return read_document<ExportFacts>(info.value("export", Json::object()), kInfoFile, kMakeAgain);
}

Json without_limits(Json info) {
  info.erase(kUnknownKey);
  info.erase(kCoverageKey);
  return info;
}

PixelFormat pixel_format(const Json& info) {
  const Json data = info.at("recipe").value("data", Json::object());
  PixelFormat pixels;
  JsonReader reader(data, std::string(kInfoFile) + ": recipe.data.");
  fields(pixels, reader);
  return pixels;
}

std::string base_licence(const Json& base) {
  const Json licence = base.is_object() ? base.value("licence", Json()) : Json();
  return licence.is_string() ? licence.get<std::string>() : "";
}

LayerTable stored_layer_table(const Json& summary, const std::string& place) {
  return read_document<LayerTable>(summary, place, kMakeAgain);
}

Json checked_model_info(const std::string& path, const std::string& text) {
  const std::string place = path + ": " + kInfoFile;
  if (text.empty())
    throw Error(path + ": is TorchScript but not a cvtool model (it holds no " + kInfoFile +
                "); make one with cvtool train, or use the file as a backbone with --base");
  Json info = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!info.is_object()) throw Error(place + " is not a JSON object; " + kMakeAgain);
  check_format(place, info);
  if (info.value("kind", Json()) == "base")
    throw Error(path + ": is a backbone, not a finished model; train one on it with cvtool train --base " + path);
  const auto read = read_document<ModelInfo>(info, place, kMakeAgain);
  if (read.classes.empty()) throw Error(place + ": 'classes' is empty; " + kMakeAgain);
  if (read.classes.size() != read.golden.probabilities.size())
    throw Error(place + ": 'classes' names " + std::to_string(read.classes.size()) +
                ", but 'golden.probabilities' holds " + std::to_string(read.golden.probabilities.size()) + "; " +
                kMakeAgain);
  if (!read.data.counts.empty() && read.data.counts.size() != read.classes.size())
    throw Error(place + ": 'data.counts' is not of as many classes as 'classes' names; " + kMakeAgain);
  try {
    const Recipe recipe = recipe_from_json(read.recipe.json, place + ": recipe.");
    if (!read.recipe.json.contains("data")) throw UsageError(place + ": 'recipe.data' is missing");
    // Photos are read by the recipe, and the net takes no other size.
    if (!(input_size(recipe) == read.imgsz))
      throw UsageError(place + ": 'imgsz' is " + image_size_text(read.imgsz) + ", but the recipe's data.imgsz gives " +
                       image_size_text(input_size(recipe)));
  } catch (const UsageError& error) {
    throw Error(std::string(error.what()) + "; " + kMakeAgain);
  }
  return info;
}

}  // namespace cvtool
