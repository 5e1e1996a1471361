#include "model/state_dict.h"

#include <ATen/ATen.h>
#include <torch/script.h>

#include "base/files.h"
#include "model/weights/weight_files.h"

using namespace cvtool;

namespace {

std::string scratch(const std::string& name) {
  return (std::filesystem::temp_directory_path() / ("cvtool-" + std::to_string(::getpid()) + "-" + name)).string();
}

StateDict small_dict() {
  StateDict dict("weights.pth");
  dict.add("conv.weight", at::arange(12, at::kFloat).reshape({2, 6}).t());
  dict.add("conv.bias", at::ones({2}, at::kHalf));
  dict.add("bn.num_batches_tracked", at::scalar_tensor(7, at::kLong));
  dict.add("mask", at::arange(2).to(at::kBool));
  dict.add("low", at::arange(3, at::kFloat).to(at::kBFloat16));
  dict.add("none", at::empty({0, 4}));
  return dict;
}

}  // namespace

TEST_CASE("Tensors have the type, shape and values of the file") {
  if (skip_without_weight_files()) return;
  const StateDict dict = read_state_dict(weight_files() + "/views.old.pth");
  const at::Tensor backbone = at::arange(60, at::kFloat).reshape({3, 4, 5});
  CHECK(dict.at("base").equal(backbone));
  CHECK(dict.at("transposed").equal(backbone.permute({2, 0, 1})));
  CHECK(dict.at("transposed").is_contiguous());
  CHECK(dict.at("expanded").equal(at::zeros({4, 3})));
  CHECK(dict.at("scalar").dim() == 0);
  const StateDict types = read_state_dict(weight_files() + "/types.zip.pth");
  CHECK((types.at("bfloat16").scalar_type() == at::kBFloat16));
  CHECK((types.at("bool").scalar_type() == at::kBool));
  CHECK((types.at("int64").scalar_type() == at::kLong));
}

TEST_CASE("A written safetensors file gives back the same tensors and metadata, here and by its description") {
  const std::string path = scratch("round.safetensors");
  StateDict dict = small_dict();
  dict.metadata["base"] = "vgg16";
  write_file_atomically(path, safetensors_bytes(dict));
  const StateDict back = read_state_dict(path);
  CHECK(back.metadata.at("base") == "vgg16");
  REQUIRE(back.size() == dict.size());
  for (const auto& entry : dict.entries()) {
    CAPTURE(entry.name);
    CHECK((back.at(entry.name).scalar_type() == entry.value.scalar_type()));
    CHECK(back.at(entry.name).equal(entry.value));
  }
  const std::string script =
      " -c 'import json,struct,sys; b=open(sys.argv[1],\"rb\").read(); n,=struct.unpack(\"<Q\",b[:8]); "
      "h=json.loads(b[8:8+n]);"
      " e=h[\"conv.weight\"]; s,t=e[\"data_offsets\"]; assert e[\"shape\"]==[6,2] and e[\"dtype\"]==\"F32\" "
      "and n%8==0;"
      " assert struct.unpack(\"<12f\",b[8+n+s:8+n+t])==(0,6,1,7,2,8,3,9,4,10,5,11)' ";
  CHECK(std::system((CVTOOL_PYTHON + script + path).c_str()) == 0);
  std::filesystem::remove(path);
}

TEST_CASE("A missing tensor is an error that names the file and the nearest name") {
  const StateDict dict = small_dict();
  CHECK(dict.find("conv.wight") == nullptr);
  const std::string message = error_of([&] { dict.at("conv.wight"); });
  CHECK(contains(message, "weights.pth"));
  CHECK(contains(message, "'conv.weight'"));
  CHECK(contains(error_of([] { small_dict().add("mask", at::zeros({1})); }), "'mask'"));
}

TEST_CASE("Every missing, unexpected and mis-shaped tensor is named in one message") {
  const StateDict dict = small_dict();
  const std::vector<ExpectedTensor> expected = {{"conv.weight", {6, 3}},
                                                {"conv.bias", {2}},
                                                {"fc.weight", {4}},
                                                {"fc.bias", {1}},
                                                {"fc.num_batches_tracked", {}}};
  const WeightMismatch mismatch = compare_weights(expected, dict, {"lo"});
  CHECK(mismatch.missing == std::vector<std::string>{"fc.weight", "fc.bias"});
  CHECK(mismatch.unexpected == std::vector<std::string>{"mask", "none"});
  CHECK(mismatch.misshaped == std::vector<std::string>{"conv.weight: [6, 2] in the file, [6, 3] expected"});
  const std::string message = error_of([&] { check_state_dict(expected, dict, {"lo"}); });
  for (const char* name : {"weights.pth", "fc.weight", "fc.bias", "mask", "none", "[6, 3] expected"}) {
    CHECK(contains(message, name));
  }
  CHECK_FALSE(contains(message, "num_batches_tracked"));
  check_state_dict({{"conv.weight", {6, 2}}, {"conv.bias", {2}}}, dict, {"mask", "low", "none"});
}

TEST_CASE("Real weights of MobileNetV2 are read whole") {
  const char* data = std::getenv("CVTOOL_TEST_DATA");
  if (!data) {
    MESSAGE("skipped: CVTOOL_TEST_DATA is not set");
    return;
  }
  const std::string weights = std::string(data) + "/weights/";
  const StateDict torch = read_state_dict(weights + "mobilenet_v2/mobilenet_v2_state_dict.pth");
  CHECK(torch.size() == 314);
  CHECK(torch.entries()[0].name == "features.0.0.weight");
  CHECK((torch.at("classifier.1.weight").sizes() == at::IntArrayRef({1000, 1280})));
  const StateDict keras = read_state_dict(weights + "mobilenet_v2_035/tfjs/model.json");
  CHECK(keras.size() == 263);
  CHECK((keras.at("Conv_1/kernel").sizes() == at::IntArrayRef({1, 1, 112, 1280})));
  CHECK(contains(error_of([&] { read_state_dict(weights + "mobilenet_v2/mobilenet_v2_features.pt"); }), "TorchScript"));
}
