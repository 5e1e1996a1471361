#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "engine/jobs.h"
#include "engine/recipe.h"
#include "engine/run_directory.h"
#include "engine/summary.h"
#include "model/model_file.h"

namespace cvtool {

Json summary_json(const std::vector<SummaryRow>& rows) {
  Json layers = Json::array();
  int64_t trainable = 0, non_trainable = 0;
  for (const SummaryRow& row : rows) {
    Json output = Json::array();
    // Keras's order: height, width, channels.
    if (row.output.size() == 3)
      output = {row.output[1], row.output[2], row.output[0]};
    else
      for (int64_t n : row.output) output.push_back(n);
    layers.push_back({{"name", row.name}, {"kind", row.kind}, {"output", output}, {"trainable", row.trainable}, {"non_trainable", row.non_trainable}});
    trainable += row.trainable;
    non_trainable += row.non_trainable;
  }
  return {{"layers", layers}, {"total", trainable + non_trainable}, {"trainable", trainable}, {"non_trainable", non_trainable}};
}

Json summary_job(const SummaryRequest& request) {
  std::error_code error;
  const bool model_file = ends_with(request.subject, ".pt") || std::filesystem::is_directory(request.subject, error);
  Json out;
  if (model_file) {
    const std::string path = model_path(request.subject);
    const ModelFile model = load_model(path);
    out = {{"name", path}, {"imgsz", model.info["imgsz"]}, {"classes", model.info["classes"]}};
    out.update(model.info.at("summary"));
    return out;
  }
  const Recipe recipe = load_recipe(request.subject, request.overrides);
  int64_t classes = static_cast<int64_t>(recipe.data.classes.size());
  if (request.classes > 0) classes = request.classes;
  if (classes == 0) classes = 2;
  const Net net = compile_net(recipe.model, {recipe.data.imgsz, classes, static_cast<uint64_t>(recipe.train.seed)});
  Json size;
  JsonWriter writer(size);
  writer("imgsz", recipe.data.imgsz, Doc(""));
  out = {{"name", recipe.name}, {"imgsz", size["imgsz"]}, {"classes", classes}};
  out.update(summary_json(net.rows));
  return out;
}

}  // namespace cvtool
