#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/photos.h"
#include "engine/explain/explain_jobs.h"
#include "engine/output_check.h"
#include "explain/activations.h"
#include "explain/embedding.h"
#include "torch/lanes.h"
#include "train/photo_pass.h"

namespace cvtool {
namespace {

constexpr int64_t kBatch = 16;

struct Features {
  const PhotoPredictor& predictor;
  const FlatNet& net;
  size_t layer;
};

// The layer's value for each photo of the store, [N,F]; maps and tokens as the mean of each channel.
at::Tensor values_of(const Features& features, const PhotoStore& store, Observer& observer) {
  const auto total = static_cast<int64_t>(store.samples().size());
  PassPlan plan;
  plan.rows = kBatch;
  plan.work = [&features](const Batch& photos) {
    const auto compute = [&features](const at::Tensor& pixels) {
      const at::Tensor value = activations_of(features.net, pixels, {features.layer}).values[0];
      const at::Tensor means = value.dim() == 4 ? value.mean({2, 3}) : value.dim() == 3 ? value.mean(1) : value;
      return means.flatten(1).to(at::kFloat);
    };
    return std::vector<at::Tensor>{in_lanes(features.predictor.input(photos.pixels), kBatch, compute)};
  };
  PhotoPass pass(store, in_order(store.samples().size()), std::move(plan));
  std::vector<at::Tensor> parts;
  int64_t done = 0;
  for (Passed passed; pass.next(passed);) {
    parts.push_back(passed.values[0]);
    done += parts.back().size(0);
    observer.progress({"Looking", done, total, std::nan(""), std::nan("")});
    if (observer.stop_requested()) throw Error("interrupted; nothing was written", ExitCode::kInterrupted);
  }
  return at::cat(parts);
}

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
  DataConfig data = opened.recipe.data;
  data.classes.clear();
  data.valid = data.test = 0;
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
  embedding.projection = principal_components(values_of({opened.predictor, net, layer}, *split.store, observer));
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
