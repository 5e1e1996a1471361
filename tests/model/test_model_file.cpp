#include "model/model_file.h"

#include <ATen/Parallel.h>
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <zip.h>

#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "golden/golden.h"
#include "model/archive.h"
#include "model/compile.h"
#include "model/predictor.h"
#include "model/weights/safetensors.h"
#include "scratch.h"

using namespace cvtool;

namespace {

at::Tensor picture(int64_t seed, int64_t count = 1) {
  at::manual_seed(static_cast<uint64_t>(seed));
  return at::randint(256, {count, 3, 8, 8}, at::kByte);
}

// A small net with everything that a file must keep: kernels, biases and statistics that are not at their
// start.
ModelFile small_model() {
  const Json spec = json_from_text(R"({"layers": [
      {"kind": "conv2d", "filters": 4, "activation": "relu"}, {"kind": "batch_norm"}, {"kind": "dropout"}, {"kind": "flatten"}, {"kind": "dense"}]})",
                                   "test");
  const Net net = compile_net(spec, {{8, 8}, 2, 7});
  torch::jit::Module module = net.module;
  {
    const at::NoGradGuard no_grad;
    module.train();
    module.forward({picture(1, 16)});
    module.eval();
  }
  ModelFile model;
  model.module = module;
  model.info = {{"format", kModelFormat},
                {"classes", {"cat", "dog"}},
                {"imgsz", 8},
                {"recipe", Json{{"data", Json{{"imgsz", 8}}}, {"model", spec}}}};
  add_golden_sample(model, picture(2));
  return model;
}

at::Tensor forward(const ModelFile& model, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  torch::jit::Module module = model.module;
  return module.forward({x}).toTensor();
}

// A saved model and its bytes.
struct Saved {
  Saved() {
    save_model(path, small_model());
    bytes = read_file(path);
  }
  // Why a file of these bytes is refused; "" when it is loaded. Anything but Error is a failure.
  std::string refusal(const std::string& content) const {
    try {
      load_model(scratch.write("changed.pt", content));
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::kFailed);
      CHECK(contains(error.what(), "changed.pt: "));
      return error.what();
    }
    return "";
  }
  Scratch scratch;
  std::string path = scratch / "best.pt", bytes;
};

}  // namespace

TEST_CASE("A model that is saved and loaded gives the same probabilities, bit for bit") {
  const Scratch scratch;
  const ModelFile model = small_model();
  save_model(scratch / "best.pt", model);
  const ModelFile back = load_model(scratch / "best.pt");
  const at::Tensor x = picture(3, 32);
  CHECK(largest_difference(forward(back, x), forward(model, x)) == 0);
  CHECK(golden_difference(back) == 0);
  CHECK(model_classes(back.info) == std::vector<std::string>{"cat", "dog"});
  CHECK(back.info == model.info);
  CHECK_FALSE(back.module.is_training());
  CHECK(names_in(scratch.path()) == std::set<std::string>{"best.pt"});
}

TEST_CASE("The same model gives the same bytes, and survives a second round") {
  const Saved one;
  const Saved two;
  CHECK(one.bytes == two.bytes);
  save_model(one.scratch / "again.pt", load_model(one.path));
  CHECK(golden_difference(load_model(one.scratch / "again.pt")) == 0);
}

TEST_CASE("The predictor agrees with the module and takes bytes and floats in any layout") {
  const ModelFile model = small_model();
  const Predictor predictor(model.module, at::kCPU, at::kFloat);
  const at::Tensor x = picture(4, 5);
  const Prediction prediction = predictor.run(x);
  CHECK(largest_difference(prediction.probabilities, forward(model, x)) < 1e-6);
  CHECK(largest_difference(at::softmax(prediction.logits, 1), prediction.probabilities) < 1e-6);
  CHECK(largest_difference(predictor.run(x.to(at::kFloat)).probabilities, prediction.probabilities) == 0);
  CHECK(largest_difference(predictor.run(x.contiguous(at::MemoryFormat::ChannelsLast)).probabilities,
                           prediction.probabilities) == 0);
  // The predictor works on a copy.
  CHECK(golden_difference(model) == 0);
}

TEST_CASE("What is not a model is refused") {
  const Saved saved;
  CHECK(contains(saved.refusal(""), "is not a model file"));
  CHECK(contains(saved.refusal("hello"), "is not a model file"));
  CHECK(contains(saved.refusal("PK\003\004 and no more"), "truncated or damaged"));
  CHECK(contains(message_of([&] { load_model(saved.scratch / "none.pt"); }), "there is no such model file"));
  CHECK_THROWS_AS(load_model(saved.scratch.path()), Error);
}

TEST_CASE("TorchScript without our information is told apart from a damaged file") {
  const Saved saved;
  small_model().module.save(saved.scratch / "plain.pt");
  CHECK(contains(message_of([&] { load_model(saved.scratch / "plain.pt"); }), "is TorchScript but not a cvtool model"));
}

TEST_CASE("A model file that would unpack to far more than its size is refused without being unpacked") {
  const Saved saved;
  const std::string path = saved.scratch.write("bomb.pt", saved.bytes), zeros(size_t{64} << 20, '\0');
  zip_t* archive = zip_open(path.c_str(), 0, nullptr);
  REQUIRE(archive);
  zip_file_add(archive, "archive/extra/bomb", zip_source_buffer(archive, zeros.data(), zeros.size(), 0), 0);
  REQUIRE(zip_close(archive) == 0);
  CHECK(std::filesystem::file_size(path) < saved.bytes.size() + 100000);
  CHECK(contains(message_of([&] { load_model(path); }), "holds more than a file of its size can"));
}

TEST_CASE("A truncated file is refused wherever it was cut") {
  const Saved saved;
  for (size_t part = 1; part < 16; ++part)
    CHECK_FALSE(saved.refusal(saved.bytes.substr(0, saved.bytes.size() * part / 16)).empty());
  CHECK_FALSE(saved.refusal(saved.bytes.substr(0, saved.bytes.size() - 1)).empty());
}

TEST_CASE("A bit that flipped anywhere in the file is noticed") {
  const Saved saved;
  CHECK(load_model(saved.path).digest.size() == 64);
  for (size_t at = 17; at < saved.bytes.size(); at += saved.bytes.size() / 197) {
    std::string changed = saved.bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    CAPTURE(at);
    CHECK_FALSE(saved.refusal(changed).empty());
  }
  for (size_t back = 1; back < 110; ++back) {
    std::string changed = saved.bytes;
    char& byte = changed[changed.size() - back];
    byte = static_cast<char>(byte ^ 1);
    CAPTURE(back);
    CHECK_FALSE(saved.refusal(changed).empty());
  }
}

TEST_CASE("A file of a newer format, or one that lacks something, is refused with the reason") {
  const Saved saved;
  ModelFile model = small_model();
  const auto refused = [&](const Json& info) {
    model.info = info;
    save_model(saved.scratch / "other.pt", model);
    return message_of([&] { load_model(saved.scratch / "other.pt"); });
  };
  const Json info = model.info;
  Json changed = info;
  changed["format"] = kModelFormat + 1;
  CHECK(contains(refused(changed), "use a newer cvtool"));
  changed["format"] = "one";
  CHECK(contains(refused(changed), "no format number"));
  changed = info;
  changed.erase("classes");
  CHECK(contains(refused(changed), "cvtool.json: 'classes' is missing"));
  changed = info;
  changed.erase("golden");
  CHECK(contains(refused(changed), "cvtool.json: 'golden' is missing"));
  changed = info;
  changed["golden"]["probabilities"] = {0.123, 0.877};
  CHECK(contains(refused(changed), "does not reproduce its golden sample"));
  changed["golden"]["probabilities"] = {nullptr, nullptr};
  CHECK_FALSE(refused(changed).empty());
  CHECK(contains(refused(Json::array()), "not a JSON object"));
  CHECK(refused(info).empty());
}

TEST_CASE("Whatever a model file says of itself, it is read or refused by the key") {
  const Saved saved;
  ModelFile model = small_model();
  model.info["recipe"]["name"] = "small";
  model.info["summary"] = Json{{"layers", Json::array()}, {"total", 0}, {"trainable", 0}, {"non_trainable", 0}};
  model.info["data"] = Json{{"layout", "folders"}, {"digest", "0"}, {"marks", Json{{"a.jpg", "1"}}}};
  model.info["metrics"] = Json{{"loss", 0.5}, {"accuracy", nullptr}};
  model.info["epoch"] = 2;
  const Json whole = model.info;
  const auto refusal = [&](const Json& info) {
    model.info = info;
    return saved.refusal(model_bytes(model));
  };
  CHECK(refusal(whole).empty());
  int refused = 0;
  for (const auto& [key, unused] : whole.items())
    for (const char* value : {"null", "5", "\"x\"", "[]", "{}", "[1]", "{\"marks\": 3}", "-1e300"}) {
      Json changed = whole;
      changed[key] = Json::parse(value);
      const std::string why = refusal(changed);
      CAPTURE(why);
      CAPTURE(value);
      refused += !why.empty();
      CHECK((why.empty() || contains(why, key == "format" ? "format" : key)));
      // Whoever reads it may rely on these.
      if (why.empty()) CHECK(!model_classes(model.info).empty());
    }
  CHECK(refused > 40);
  Json other = whole;
  other["recipe"].erase("data");
  CHECK(contains(refusal(other), "'recipe.data' is missing"));
  other["recipe"]["data"] = Json{{"imgsz", 9}};
  CHECK(contains(refusal(other), "'imgsz' is 8x8, but the recipe's data.imgsz gives 9x9"));
  Json fewer = whole;
  fewer["classes"] = {"cat"};
  CHECK(contains(refusal(fewer), "'classes' names 1, but 'golden.probabilities' holds 2"));
  for (const char* counts : {"[1, 2, 3]", "[9]", "[\"x\", 2]", "7"}) {
    Json counted = whole;
    counted["data"]["counts"] = Json::parse(counts);
    CAPTURE(counts);
    CHECK(contains(refusal(counted), "counts"));
  }
  for (const char* facts :
       {R"({"precision": 8})", R"({"precision": null})", R"({"resize_inside": "yes"})", R"({"resize_inside": 1})"}) {
    Json exported = whole;
    exported["export"] = Json::parse(facts);
    CAPTURE(facts);
    CHECK(contains(refusal(exported), exported["export"].begin().key()));
  }
}

TEST_CASE("A file that cannot be opened is not taken for one of another kind") {
  const Saved saved;
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const rlimit none{0, old.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const std::string kind = message_of([&] { is_model_file(saved.path); }),
                    digest = message_of([&] { stored_digest(saved.path); }),
                    metadata = message_of([&] { safetensors_metadata(saved.path); });
  ::setrlimit(RLIMIT_NOFILE, &old);
  for (const std::string& message : {kind, digest, metadata}) {
    CHECK(contains(message, "cannot read"));
    CHECK(contains(message, saved.path + ": Too many open files"));
  }
  CHECK(is_model_file(saved.path));
  CHECK_FALSE(is_model_file(saved.scratch / "none.pt"));
  CHECK(stored_digest(saved.scratch / "none.pt").empty());
}

TEST_CASE("A net that gives NaN is not made into a model") {
  ModelFile model = small_model();
  {
    const at::NoGradGuard no_grad;
    for (at::Tensor parameter : model.module.parameters()) parameter.fill_(std::nan(""));
  }
  CHECK(contains(message_of([&] { add_golden_sample(model, picture(2)); }), "NaN"));
}

TEST_CASE("What a model file holds does not depend on the number of threads") {
  const Json spec = json_from_text(R"({"layers": [
      {"kind": "conv2d", "filters": 32, "strides": 2, "activation": "relu"}, {"kind": "conv2d", "filters": 256, "kernel": 1},
      {"kind": "flatten"}, {"kind": "dense", "units": 64}, {"kind": "dense"}]})",
                                   "test");
  const Net net = compile_net(spec, {{96, 96}, 2, 7});
  at::manual_seed(4);
  const at::Tensor photo = at::randint(256, {1, 3, 96, 96}, at::kByte);
  const int before = at::get_num_threads();
  std::set<std::string> told;
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    ModelFile model;
    model.module = net.module;
    model.module.eval();
    model.info = Json::object();
    add_golden_sample(model, photo);
    told.insert(model.info.dump());
  }
  at::set_num_threads(before);
  CHECK(told.size() == 1);
}
