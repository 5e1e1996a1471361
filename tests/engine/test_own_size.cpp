// An ONNX file that resizes photos itself is given them as they are.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "data/image_tensor.h"
#include "engine/jobs.h"
#include "evaluate/outputs.h"
#include "export/onnx/export.h"
#include "export/small_model.h"
#include "onnx/interpret.h"
#include "onnx/onnx_seal.h"
#include "report/canvas.h"
#include "scratch.h"

using namespace cvtool;

namespace {

// Photos of several sizes, none of them the model's, of pixels drawn at random.
std::vector<std::string> photos_in(const Scratch& scratch) {
  std::mt19937 random(5);
  std::vector<std::string> paths;
  std::filesystem::create_directories(scratch / "photos/cat");
  for (const auto& [width, height] : {std::pair{40, 23}, std::pair{9, 61}, std::pair{33, 33}}) {
    Canvas canvas(width, height);
    const auto value = [&] { return static_cast<uint8_t>(random() % 256); };
    for (double y = 0; y < height; ++y)
      for (double x = 0; x < width; ++x) canvas.fill({x, y, 1, 1}, {value(), value(), value()});
    paths.push_back(scratch / ("photos/cat/" + std::to_string(width) + ".png"));
    write_picture(paths.back(), canvas);
  }
  return paths;
}

// Of a model whose recipe resizes by bilinear interpolation. The graph takes the nearest pixel, so that it can be told
// which of the two has resized a photo.
OnnxModel resizing_graph() {
  const ModelFile model = small_model();
  OnnxModel onnx = onnx_of_model(model.module, &model, {16, 16}, {13, "fp32", true});
  onnx = with_resize_inside(onnx, {{16, 16}, "stretch", "nearest"});
  add_onnx_digest(onnx);
  return onnx;
}

class Silent : public Observer {
  void progress(const Progress&) override {}
  void epoch(const EpochReport&) override {}
  bool stop_requested() override { return false; }
};

using Rows = std::vector<std::vector<double>>;

Rows predicted(const std::string& model, const std::vector<std::string>& photos, const TtaPlan& tta = {}) {
  PredictRequest request;
  request.inputs = photos;
  request.model = model;
  request.tta = tta;
  Rows rows;
  const PredictSink sink{[](const std::vector<std::string>&) {},
                         [&](const ImageResult& result) { rows.push_back(result.probabilities); }};
  Silent silent;
  CHECK(predict_job(request, sink, silent) == 0);
  return rows;
}

Rows evaluated(const std::string& model, const Scratch& scratch, const std::vector<std::string>& photos) {
  const OpenedModel opened = open_model(model, "fp32", {});
  std::vector<Sample> samples;
  for (const std::string& photo : photos)
    samples.push_back({std::filesystem::path(photo).filename().string(), 0, samples.size()});
  LoaderOptions loader;
  loader.data = opened.recipe.data;
  loader.cache = "ram";
  PhotoStore store(scratch / "photos/cat", samples, loader);
  CHECK(store.scan().empty());
  Silent silent;
  const Predictions p = outputs_of(opened.predictor, store, {"sparse_categorical_crossentropy"}, silent).predictions;
  Rows rows;
  for (auto begin = p.probabilities.begin(); begin != p.probabilities.end(); begin += p.classes)
    rows.emplace_back(begin, begin + p.classes);
  return rows;
}

double largest_difference(const Rows& a, const Rows& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t k = 0; k < a[i].size(); ++k) largest = std::max(largest, std::abs(a[i][k] - b.at(i).at(k)));
  return largest;
}

// What the graph says of the photos in full.
Rows of_graph(const OnnxModel& graph, const std::vector<std::string>& photos) {
  const OnnxInterpreter interpreter(graph);
  Rows rows;
  for (const std::string& photo : photos) {
    const at::Tensor p = interpreter.run(tensor_from_image(read_image(photo, {})).to(at::kFloat)).to(at::kDouble);
    rows.emplace_back(p.data_ptr<double>(), p.data_ptr<double>() + p.numel());
  }
  return rows;
}

}  // namespace

TEST_CASE("predict and eval give an ONNX file that resizes photos itself the photos as they are") {
  const Scratch scratch;
  const std::vector<std::string> photos = photos_in(scratch);
  const OnnxModel graph = resizing_graph();
  const std::string resizing = scratch.write("resizing.onnx", onnx_bytes(graph)),
                    model = scratch.write("model.pt", model_bytes(small_model()));
  const Rows wanted = of_graph(graph, photos), resized_before = predicted(model, photos);
  // The two ways of resizing can be told apart.
  REQUIRE(largest_difference(wanted, resized_before) > 1e-3);
  CHECK(largest_difference(predicted(resizing, photos), wanted) < 1e-6);
  CHECK(largest_difference(evaluated(resizing, scratch, photos), wanted) < 1e-6);
  // Other models' photos are resized before.
  CHECK(largest_difference(evaluated(model, scratch, photos), resized_before) < 1e-6);
}

TEST_CASE("Photos that a file resizes itself are mirrored in their own size, and a bad one among them is told") {
  const Scratch scratch;
  std::vector<std::string> photos = photos_in(scratch);
  const std::string resizing = scratch.write("resizing.onnx", onnx_bytes(resizing_graph()));
  TtaPlan flip;
  flip.flip = true;
  flip.variants = 2;
  const Rows plain = predicted(resizing, photos), both = predicted(resizing, photos, flip);
  CHECK(largest_difference(plain, both) > 1e-6);
  photos.insert(photos.begin() + 1, scratch.write("bad.png", "no picture"));
  PredictRequest request;
  request.inputs = photos;
  request.model = resizing;
  std::vector<ImageResult> results;
  Silent silent;
  const PredictSink sink{[](const std::vector<std::string>&) {},
                         [&](const ImageResult& result) { results.push_back(result); }};
  CHECK(predict_job(request, sink, silent) == 1);
  REQUIRE(results.size() == 4);
  CHECK(results[1].error != "");
  CHECK(results[2].probabilities == plain[1]);
}
