#include "model/bases/checkpoint_config.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "scratch.h"

using namespace cvtool;

namespace {

// What is read beside weights in a folder with these files.
std::optional<CheckpointConfig> config_of(const std::string& config, const std::string& processor = "") {
  const Scratch scratch;
  scratch.write("config.json", config);
  if (!processor.empty()) scratch.write("preprocessor_config.json", processor);
  return config_beside(scratch / "model.safetensors");
}

const std::string kTimm = R"({"architecture": "resnet50", "num_classes": 1000, "pretrained_cfg": {
  "input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.95,
  "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}})";

const std::string kTransformers =
    R"({"architectures": ["ResNetForImageClassification"], "model_type": "resnet", "layer_type": "basic",
        "depths": [3, 4, 6, 3], "embedding_size": 64, "hidden_sizes": [64, 128, 256, 512]})";

}  // namespace

TEST_CASE("The config of timm says size, crop, interpolation and scaling, and which backbone it is") {
  const auto config = config_of(kTimm);
  REQUIRE(config);
  CHECK(config->input.preprocess == "imagenet");
  CHECK(config->input.imgsz == 224);
  CHECK(config->input.crop == 0.95);
  CHECK(config->input.interpolation == "bicubic");
  const BackboneChoice choice = choice_of_config(*config);
  CHECK(choice.spec.name == "resnet50");
  CHECK(choice.spec.variant == "timm");
  // An older one has all in one object.
  const auto flat =
      config_of(R"({"architecture": "resnet18", "input_size": [3, 288, 256], "mean": [0, 0, 0], "std": [1, 1, 1]})");
  CHECK(flat->input.preprocess == "unit");
  CHECK(flat->input.imgsz == 0);
}

TEST_CASE("The configs of transformers say it in their own words") {
  const auto config = config_of(kTransformers, R"({"size": {"shortest_edge": 256}, "crop_size": 224, "resample": 3,
      "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]})");
  REQUIRE(config);
  CHECK(config->input.preprocess == "symmetric");
  CHECK(config->input.imgsz == 224);
  CHECK(config->input.crop == 0.875);
  CHECK(config->input.interpolation == "bicubic");
  const BackboneChoice choice = choice_of_config(*config);
  CHECK(choice.spec.name == "resnet34");
  CHECK(choice.spec.variant == "transformers");
  const auto alone = config_of(kTransformers);
  CHECK(alone->input.preprocess.is_null());
  const auto scaled = config_of(kTransformers, R"({"size": 224, "crop_pct": 0.9, "rescale_factor": 1,
      "image_mean": [1, 2, 3], "image_std": [2, 4, 8]})");
  CHECK(scaled->input.preprocess == Json{{"scale", {0.5, 0.25, 0.125}}, {"offset", {-0.5, -0.5, -0.375}}});
  CHECK(scaled->input.crop == 0.9);
}

TEST_CASE("A JSON that names no net is none, and faulty ones are refused by file and key") {
  CHECK_FALSE(config_of(R"({"recipe": {}})"));
  CHECK_FALSE(config_of("[1]"));
  const Scratch scratch;
  CHECK_FALSE(config_beside(scratch / "model.safetensors"));
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {"{", "config.json"},
           {R"({"architecture": "resnet18", "mean": [0, 0], "std": [1, 1, 1]})",
            "config.json: mean: must be three numbers"},
           {R"({"architecture": "resnet18", "mean": [0, 0, 0], "std": [1, 0, 1]})",
            "std: must be three numbers above 0"},
           {R"({"architecture": "resnet18", "crop_pct": "most"})", "crop_pct: must be a number from 0 to 2"},
           {R"({"architecture": "resnet18", "input_size": [3, -1, -1]})", "input_size: must be"}})
    CHECK(contains(message_of([&, &json = text] { config_of(json); }), part));
  const auto unknown = config_of(R"({"architecture": "nobodys_net"})");
  CHECK(contains(message_of([&] { choice_of_config(*unknown); }), "no backbone of cvtool is (\"nobodys_net\")"));
}

TEST_CASE("The weights of a folder are found by the names that hubs give them") {
  const Scratch scratch;
  CHECK(contains(message_of([&] { weights_in_folder(scratch.path()); }), "holds no file of weights"));
  scratch.write("pytorch_model.bin", "x");
  CHECK(weights_in_folder(scratch.path()) == scratch / "pytorch_model.bin");
  scratch.write("model.safetensors", "x");
  CHECK(weights_in_folder(scratch.path()) == scratch / "model.safetensors");
}
