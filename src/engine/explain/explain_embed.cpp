#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/photos.h"
#include "engine/explain/explain_jobs.h"
#include "engine/layer_values.h"
#include "engine/output_check.h"
#include "explain/activations.h"
#include "explain/embedding.h"

namespace cvtool {
namespace {

Json points_json(const Embedding& embedding) {
  Json points = Json::array();
  const auto point = embedding.projection.points.accessor<double, 2>();
  for (size_t i = 0; i < embedding.paths.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    points.push_back({{"path", embedding.paths[i]},
                      {"class", embedding.classes[static_cast<size_t>(embedding.labels[i])]},
                      {"x", point[row][0]},
                      {"y", point[row][1]},
                      {"outlier", false}});
  }
  for (size_t outlier : embedding.outliers) points[outlier]["outlier"] = true;
  return points;
}

}  // namespace

ExplainResult explain_embedding(const ExplainRequest& request, Observer& observer) {
  const OpenedModel opened = open_model(request.model, "fp32", request.run);
  require_net(opened.path, opened.file, "looked into");
  const FlatNet net(opened.file.module);
  const size_t layer = request.layer.empty() ? last_features(net, opened.file.golden) : net.find(request.layer);
  const std::string folder = request.inputs.at(0),
                    file = output_path(request.output, opened.path, stem_of(folder) + "-embedding",
                                       {".png", ".jpg", ".jpeg", ".csv"});
  // The folder's own classes: they need not be the model's.
  DataConfig data = in_one_piece(opened.recipe.data);
  data.classes.clear();
  const Dataset dataset = find_dataset(folder, data, 0);
  log_notes(dataset);
  const bool csv = ends_with(lower(file), ".csv");
  check_output(file, csv ? OutputKind::kText : OutputKind::kPicture, {{folder}, &dataset});
  const OpenedSplit split = open_split({dataset.root, "photos", dataset.all()}, data, request.run, observer);
  if (!split.store) throw DataError(folder + ": no photo can be read");
  Embedding embedding;
  embedding.classes = dataset.classes;
  for (const Sample& sample : split.store->samples()) {
    embedding.paths.push_back(sample.path);
    embedding.labels.push_back(sample.label);
  }
  const auto input = [&](const at::Tensor& pixels) { return opened.predictor.input(pixels); };
  embedding.projection = principal_components(layer_values({net, layer, input}, *split.store, observer));
  embedding.outliers = outliers_of(embedding.projection.points, embedding.labels);
  const std::string& name = net.layers()[layer].name;
  if (csv)
    write_file_atomically(file, embedding_csv(embedding));
  else
    write_embedding_picture(file,
                            folder + ": " + counted(static_cast<int64_t>(embedding.paths.size()), "photo") +
                                " as layer " + name + " sees them",
                            embedding);
  std::vector<std::string> lines;
  for (size_t outlier : embedding.outliers)
    lines.push_back("outlier " + embedding.paths[outlier] + " (" +
                    embedding.classes[static_cast<size_t>(embedding.labels[outlier])] + ")");
  lines.push_back("wrote " + file);
  Json document{{"model", opened.path},
                {"data", folder},
                {"layer", name},
                {"explained", embedding.projection.explained},
                {"points", points_json(embedding)},
                {"files", Json::array({file})}};
  return {std::move(document), std::move(lines)};
}

}  // namespace cvtool
