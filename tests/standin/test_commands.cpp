// What is done with a model, on the stand-in as on a processor.
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "standin/runs.h"

using namespace cvtool;

namespace {

// Trained on the processor, once.
const std::string& model() {
  static const std::string path = [] {
    StepCounter quiet;
    Json recipe = small_net();
    recipe["train"].update(Json{{"epochs", 4}, {"lr", 0.003}});
    return train_job(Workshop::get().training("model", recipe, "cpu"), quiet).run + "/best.pt";
  }();
  return path;
}

// Largest difference of the numbers of two documents of the same form.
double distance(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return std::abs(a.get<double>() - b.get<double>());
  if (!a.is_structured()) return 0;
  REQUIRE(a.size() == b.size());
  double largest = 0;
  if (a.is_array())
    for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, distance(a[i], b[i]));
  else
    for (const auto& [key, value] : a.items()) largest = std::max(largest, distance(value, b.at(key)));
  return largest;
}

template <class Request>
Request on(const std::string& device, Request request) {
  request.run.device = device;
  request.run.threads = 1;
  return request;
}

Json evaluated(const std::string& device, const std::string& precision, TtaPlan tta = {}) {
  StepCounter quiet;
  EvalRequest request;
  request.data = Workshop::get().photos;
  request.model = model();
  request.precision = precision;
  request.tta = tta;
  request.output = Workshop::get().scratch / ("eval-" + device);
  return eval_job(on(device, request), quiet).document["metrics"];
}

std::vector<ImageResult> predicted(const std::string& device, int64_t batch = 64) {
  StepCounter quiet;
  PredictRequest request;
  request.inputs = {Workshop::get().photos + "/test"};
  request.model = model();
  request.options.top = 2;
  request.batch = batch;
  std::vector<ImageResult> all;
  const PredictSink sink{[](const std::vector<std::string>&) {},
                         [&](const ImageResult& image) { all.push_back(image); }};
  CHECK(predict_job(on(device, request), sink, quiet) == 0);
  return all;
}

}  // namespace

TEST_CASE("eval gives the processor's figures, with test-time augmentation and in half precision too") {
  CHECK(distance(evaluated("standin", "fp32"), evaluated("cpu", "fp32")) < 1e-4);
  TtaPlan four;
  four.variants = 4;
  CHECK(distance(evaluated("standin", "fp32", four), evaluated("cpu", "fp32", four)) < 1e-4);
  for (const char* precision : {"bf16", "fp16"})
    CHECK(std::abs(evaluated("standin", precision)["loss"].get<double>() -
                   evaluated("cpu", "fp32")["loss"].get<double>()) < 0.05);
}

TEST_CASE("predict gives the processor's probabilities") {
  const auto there = predicted("standin"), here = predicted("cpu");
  REQUIRE(there.size() == here.size());
  REQUIRE(there.size() == 16);
  for (size_t i = 0; i < here.size(); ++i)
    CHECK(there[i].probabilities.at(0) == doctest::Approx(here[i].probabilities.at(0)).epsilon(1e-4));
}

TEST_CASE("predict sends a batch once and fetches its logits once") {
  const auto counts_of = [](int64_t batch) {
    const standin::Counts before = standin::counted();
    predicted("standin", batch);
    return standin::counted() - before;
  };
  const standin::Counts more = counts_of(4) - counts_of(8);  // four batches, not two
  CHECK(more.to_device == 2);
  CHECK(more.to_host == 2);
  CHECK(more.host_reads == 0);
}

TEST_CASE("explain draws the processor's heat") {
  for (const char* mode : {"grad-cam", "grad-cam++", "occlusion"}) {
    CAPTURE(mode);
    const auto heat = [&](const std::string& device) {
      StepCounter quiet;
      ExplainRequest request;
      request.mode = mode;
      request.inputs = {Workshop::get().photos + "/test"};
      request.model = model();
      request.output = Workshop::get().scratch / (std::string(mode) + device + ".png");
      return explain_job(on(device, request), quiet).document["images"];
    };
    CHECK(distance(heat("standin"), heat("cpu")) < 1e-2);
  }
}

TEST_CASE("explain shows layers and maps photos") {
  for (const char* mode : {"layer", "embed"}) {
    StepCounter quiet;
    ExplainRequest request;
    request.mode = mode;
    request.layer = std::string(mode) == "layer" ? "conv2d" : "";
    request.inputs = {Workshop::get().photos + "/test"};
    if (request.layer == "conv2d")
      request.inputs = {Workshop::get().photos + "/test/Car/" +
                        *names_in(Workshop::get().photos + "/test/Car").begin()};
    request.model = model();
    request.output = Workshop::get().scratch / (std::string(mode) + ".png");
    CHECK_NOTHROW(explain_job(on("standin", request), quiet));
  }
}

TEST_CASE("A model is calibrated and exported") {
  StepCounter quiet;
  EvalRequest calibration;
  calibration.data = Workshop::get().photos;
  calibration.model = Workshop::get().scratch / "calibrated.pt";
  std::filesystem::copy_file(model(), calibration.model);
  calibration.calibrate = "temperature";
  calibration.output = Workshop::get().scratch / "calibration";
  CHECK(eval_job(on("standin", calibration), quiet).calibration.has_value());
  for (const char* format : {"torchscript", "onnx", "safetensors"}) {
    ExportRequest request;
    request.model = calibration.model;
    request.options.format = format;
    request.output = Workshop::get().scratch / (std::string("exported.") + format);
    CHECK_NOTHROW(export_job(on("standin", request), quiet));
  }
}

TEST_CASE("Learning rates are tried with the processor's losses, and a step waits for none") {
  StepTable table;
  const auto losses = [&](const std::string& device) {
    StepCounter counter;
    Json recipe = small_net();
    recipe["model"]["layers"][3]["rate"] = 0;
    recipe["train"]["optimizer"] = "sgd";
    const TrainRequest request = Workshop::get().training("rate-" + device, recipe, device);
    const LrFinding found = find_lr_job(request, Workshop::get().scratch / (device + "-rate.png"), counter);
    if (device != "cpu") table = table_of(counter.steps);
    return found.losses;
  };
  const std::vector<double> there = losses("standin"), here = losses("cpu");
  MESSAGE(text_of(table));
  CHECK(table.reads.empty());
  CHECK(table.readings <= table.steps / 16 + 1);
  CHECK(table.waits == table.readings);
  CHECK(table.races == 0);
  CHECK(there.size() == here.size());
  REQUIRE(there.size() > 20);
  for (size_t i = 0; i < 20; ++i) CHECK(there[i] == doctest::Approx(here[i]).epsilon(1e-3));
}

TEST_CASE("The device has a name of its own, and what it cannot say is said") {
  StepCounter quiet;
  TrainRequest request = Workshop::get().training("named", small_net(), "standinn");
  CHECK(contains(message_of([&] { train_job(request, quiet); }), "--device: unknown device 'standinn'"));
}
