#include "model/bases/backbone_file.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "model/bases/backbone_spec.h"
#include "model/compile.h"
#include "scratch.h"

using namespace cvtool;

namespace {

// Bases that Python wrote; made once.
const std::string& python_bases() {
  static const Scratch scratch;
  static const bool made =
      std::system((std::string(CVTOOL_PYTHON) + " " + CVTOOL_TESTS_FOLDER + "/model/make_bases.py " + scratch.path())
                      .c_str()) == 0;
  REQUIRE(made);
  return scratch.path();
}

std::string refusal(const std::string& path) {
  try {
    load_backbone(path);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kFailed);
    CHECK(contains(error.what(), path));
    return error.what();
  }
  return "";
}

at::Tensor forward(const torch::jit::Module& module, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  torch::jit::Module runnable = module;
  return runnable.forward({x}).toTensor();
}

// An environment variable for the length of a test case.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

BackboneFile small_base() {
  const Json spec = json_from_text(R"({"preprocess": "symmetric", "parameters": {"n": 5}, "layers": [
      {"kind": "conv2d", "filters": "$n", "strides": 2, "padding": "same"}, {"kind": "batch_norm", "activation": "relu"},
      {"kind": "max_pool2d", "kernel": 3, "strides": 2, "padding": "same"}]})",
                                   "test");
  BackboneFile backbone;
  backbone.module = compile_backbone(spec, {{16, 16}, 2, 1}).module;
  backbone.info = {{"format", kBackboneFormat}, {"kind", "base"}, {"name", "small"}, {"preprocess", "symmetric"}};
  return backbone;
}

}  // namespace

TEST_CASE("Bases traced, scripted and frozen in Python give Python's values, in evaluation mode") {
  const Json values = json_from_file(python_bases() + "/values.json");
  const at::Tensor x = at::tensor(values["x"].get<std::vector<float>>()).reshape({2, 3, 9, 9});
  const at::Tensor y = at::tensor(values["y"].get<std::vector<float>>());
  for (const char* name : {"traced", "scripted", "frozen", "frozen_traced"}) {
    CAPTURE(name);
    const BackboneFile backbone = load_backbone(python_bases() + "/" + name + ".pt");
    CHECK((forward(backbone.module, x).flatten() - y).abs().max().item<float>() < 1e-6);
    CHECK(backbone.info["kind"] == "base");
    CHECK(backbone.info["name"] == name);
    CHECK(backbone.info["preprocess"].is_null());
  }
}

TEST_CASE("What a backbone's file says of it comes with it") {
  const BackboneFile backbone = load_backbone(python_bases() + "/named.pt");
  CHECK(backbone.info["name"] == "ours");
  CHECK(backbone.info["preprocess"] == Json{{"scale", 0.5}});
}

TEST_CASE("A backbone is written and read back with the same values, and the same bytes each time") {
  const Scratch scratch;
  const BackboneFile backbone = small_base();
  save_backbone(scratch / "a.pt", backbone);
  save_backbone(scratch / "b.pt", backbone);
  CHECK((content_of(scratch / "a.pt") == content_of(scratch / "b.pt")));
  const BackboneFile read = load_backbone(scratch / "a.pt");
  CHECK(read.info == backbone.info);
  at::manual_seed(1);
  const at::Tensor x = at::rand({2, 3, 16, 16});
  CHECK(at::equal(forward(read.module, x), forward(backbone.module, x)));
}

TEST_CASE("A backbone takes pictures of other sizes than it was compiled for, padded as TensorFlow pads them") {
  const Json spec = json_from_text(R"({"layers": [{"kind": "conv2d", "filters": 2, "strides": 2, "padding": "same"},
      {"kind": "avg_pool2d", "kernel": 3, "strides": 2, "padding": "same"},
      {"kind": "max_pool2d", "kernel": 2, "padding": "same"}]})",
                                   "test");
  const BackboneNet backbone = compile_backbone(spec, {{64, 64}, 2, 1});
  for (const int64_t size : {5, 6, 7, 8, 9, 10, 11, 12, 13}) {
    CAPTURE(size);
    at::manual_seed(2);
    const at::Tensor x = at::rand({1, 3, size, 17});
    const BackboneNet fitting = compile_backbone(spec, {{size, 17}, 2, 1});
    const at::Tensor y = forward(backbone.module, x);
    CHECK(y.sizes().slice(1) == at::IntArrayRef(fitting.output));
    CHECK(at::equal(y, forward(fitting.module, x)));
  }
}

TEST_CASE("A file that is not a backbone is refused with the reason") {
  const std::string folder = python_bases();
  CHECK(contains(refusal(folder + "/no_weights.pt"), "holds no weights"));
  CHECK(contains(refusal(folder + "/no_forward.pt"), "has no method forward"));
  CHECK(contains(refusal(folder + "/state_dict.pt"), "holds weights without a net"));
  CHECK(contains(refusal(folder + "/newer.pt"), "backbone format 99"));
  CHECK(contains(refusal(folder + "/model.pt"), "is a finished model"));
  CHECK(contains(refusal(folder + "/values.json"), "is not TorchScript"));
  const std::string whole = content_of(folder + "/traced.pt");
  const Scratch scratch;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100}, whole.size() / 2, whole.size() - 1})
    CHECK_FALSE(refusal(scratch.write("cut.pt", whole.substr(0, size))).empty());
  for (size_t at = 1; at < whole.size(); at += whole.size() / 97) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    try {
      load_backbone(scratch.write("damaged.pt", damaged));
    } catch (const Error&) {
    }
  }
}

TEST_CASE("A backbone is found by path, in CVTOOL_BASES and in the user's data folder, in this order") {
  const Scratch scratch;
  const Variable backbones("CVTOOL_BASES", scratch / "first" + ":" + scratch / "second");
  const Variable data("XDG_DATA_HOME", scratch / "data");
  CHECK(backbone_folders() ==
        std::vector<std::string>{scratch / "first", scratch / "second", scratch / "data/cvtool/bases"});
  const std::string last = scratch.write("data/cvtool/bases/mine.pt", "");
  CHECK(backbone_path("mine") == last);
  const std::string second = scratch.write("second/mine.pt", "");
  CHECK(backbone_path("mine") == second);
  CHECK(backbone_path(second) == second);
  CHECK(contains(message_of([&] { backbone_path(scratch / "none.pt"); }), "there is no such file"));
  CHECK(contains(message_of([] { backbone_path("nine"); }), "unknown base 'nine'; did you mean 'mine'?"));
  // A file of the current folder: what it is, is said when it is read.
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.path());
  scratch.write("program.pt2", "");
  const std::string here = backbone_path("program.pt2");
  std::filesystem::current_path(before);
  CHECK(here == "program.pt2");
}

TEST_CASE("A backbone that has not been imported is answered with the commands that get it") {
  const Scratch scratch;
  const Variable data("XDG_DATA_HOME", scratch.path());
  const std::string vgg16 = message_of([] { backbone_path("vgg16"); });
  CHECK(contains(vgg16, "\n  cvtool import vgg16\n"));
  CHECK(contains(vgg16, "\n  cvtool import vgg16 --weights vgg16-397923af.pth"));
  CHECK(contains(message_of([] { backbone_path("mobilenet_v2-keras-0.35"); }),
                 "cvtool import mobilenet_v2 --variant keras --alpha 0.35 --weights "));
  CHECK(contains(message_of([] { backbone_path("vgg61"); }), "did you mean 'vgg16'?"));
}
