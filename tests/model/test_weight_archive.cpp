// A model as weights without code, and what is not one.
#include "model/archived/weight_archive.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "base/files.h"
#include "golden/golden.h"
#include "model/random_bases.h"

using namespace cvtool;

namespace {

constexpr int64_t kSide = 8;

Json small_net(const std::string& last = R"({"kind": "dense"})") {
  return json_from_text(R"({"layers": [{"kind": "conv2d", "filters": 4, "activation": "relu"},
      {"kind": "batch_norm"}, {"kind": "dropout"}, {"kind": "flatten"}, )" +
                            last + "]}",
                        "test");
}

ModelFile small_archive_model(const Json& net) {
  Recipe recipe;
  recipe.name = "small";
  recipe.data.imgsz = {kSide, kSide};
  recipe.data.classes = {"cat", "dog"};
  recipe.model = net;
  return untrained_model(recipe);
}

at::Tensor forward_of(const ModelFile& model) {
  const at::NoGradGuard no_grad;
  torch::jit::Module module = model.module;
  at::manual_seed(5);
  return module.forward({at::randint(256, {4, 3, kSide, kSide}, at::kByte)}).toTensor();
}

// An archive and its parts, to be put together otherwise.
struct Archived {
  explicit Archived(const ModelFile& of = small_archive_model(small_net())) : model(of) {
    bytes = weight_archive_bytes(model);
    dict = read_state_dict(scratch.write("whole.safetensors", bytes));
    info = Json::parse(dict.metadata.at("cvtool.json"));
  }
  // Without a digest, so that other reasons are seen.
  std::string with(const std::map<std::string, std::string>& metadata) const {
    StateDict changed = dict;
    changed.metadata.erase("cvtool.digest");
    for (const auto& [key, text] : metadata) changed.metadata[key] = text;
    return safetensors_bytes(changed);
  }
  std::string with_info(const Json& changed) const { return with({{"cvtool.json", changed.dump()}}); }
  // Why a file of these bytes is refused; "" when it is loaded. Anything but Error with exit code 1 is a failure.
  std::string refusal(const std::string& content) const {
    try {
      load_model(scratch.write("changed.safetensors", content));
    } catch (const Error& error) {
      CAPTURE(error.what());
      CHECK(error.code() == ExitCode::kFailed);
      CHECK(contains(error.what(), "changed.safetensors: "));
      return error.what();
    }
    return "";
  }

  Scratch scratch;
  ModelFile model;
  std::string bytes;
  StateDict dict;
  Json info;
};

}  // namespace

TEST_CASE("A calibrated model comes back from its weights, bit for bit, and again from what is saved of it") {
  const Scratch scratch;
  ModelFile model = small_archive_model(small_net());
  model.module.setattr("temperature", 1.7);
  add_golden_sample(model, model.golden);
  const std::string bytes = weight_archive_bytes(model), file = scratch.write("m.safetensors", bytes);
  CHECK(is_model_file(file));
  const ModelFile back = load_model(file);
  CHECK(forward_of(back).equal(forward_of(model)));
  CHECK(back.info == model.info);
  CHECK_FALSE(back.module.is_training());
  save_model(scratch / "again.safetensors", back);
  CHECK(read_file(scratch / "again.safetensors") == bytes);
  CHECK(stored_digest(file) == back.digest);
}

TEST_CASE("The licence of the base's weights stands in the metadata") {
  ModelFile model = small_archive_model(small_net());
  model.info["base"] = {{"name", "mine"}, {"licence", "free for all"}};
  const Scratch scratch;
  CHECK(read_state_dict(scratch.write("m.safetensors", weight_archive_bytes(model))).metadata.at("base_licence") ==
        "free for all");
}

TEST_CASE("Sigmoid units keep what they give: the softmax, or each its own probability as of version 0.1.0") {
  const Scratch scratch;
  const Json net = small_net(R"({"kind": "dense", "activation": "sigmoid"})");
  const ModelFile now = small_archive_model(net);
  NetTarget target{{kSide, kSide}, 2};
  target.independent_units = true;
  ModelFile old = now;
  old.module = compile_net(net, target).module;
  old.module.eval();
  add_golden_sample(old, old.golden);
  for (const ModelFile& model : {now, old}) {
    const ModelFile back = load_model(scratch.write("m.safetensors", weight_archive_bytes(model)));
    CHECK(forward_of(back).equal(forward_of(model)));
    CHECK(back.module.find_method("sigmoids").has_value() == model.module.find_method("sigmoids").has_value());
  }
  // A file of that version says nothing of it.
  StateDict dict = read_state_dict(scratch.write("m.safetensors", weight_archive_bytes(old)));
  dict.metadata.erase("cvtool.digest");
  dict.metadata.erase("sigmoid_units");
  CHECK(forward_of(load_model(scratch.write("old.safetensors", safetensors_bytes(dict)))).equal(forward_of(old)));
}

TEST_CASE("A file of weights that was cut or changed anywhere is refused") {
  const Archived archived;
  const std::string& bytes = archived.bytes;
  CHECK(archived.refusal(bytes).empty());
  for (size_t length = 0; length < bytes.size(); length += 1 + length / 8)
    CHECK_FALSE(archived.refusal(bytes.substr(0, length)).empty());
  CHECK_FALSE(archived.refusal(bytes + "x").empty());
  for (size_t place = 0; place < bytes.size(); place += 1 + bytes.size() / 150) {
    CAPTURE(place);
    std::string flipped = bytes;
    flipped[place] = static_cast<char>(flipped[place] ^ 4);
    CHECK_FALSE(archived.refusal(flipped).empty());
  }
  Json renamed = archived.info;
  renamed["classes"] = {"cat", "wolf"};
  StateDict edited = archived.dict;
  edited.metadata["cvtool.json"] = renamed.dump();
  CHECK(contains(archived.refusal(safetensors_bytes(edited)), "was changed after it was written (its digest is "));
}

TEST_CASE("Weights of other programs are told apart from models") {
  const Archived archived;
  StateDict bare("bare"), timm("timm");
  bare.add("features.0.weight", at::zeros({1}));
  timm.add("conv_stem.weight", at::zeros({1}));
  timm.metadata["format"] = "pt";
  for (const StateDict& dict : {bare, timm}) {
    const std::string why = archived.refusal(safetensors_bytes(dict));
    CHECK(contains(why, "holds weights without a net (its metadata lack 'cvtool.json')"));
    CHECK(contains(why, "cvtool import BASE --weights FILE"));
  }
  CHECK(contains(archived.refusal("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"));
  CHECK(contains(archived.refusal(""), "is empty"));
  CHECK(contains(archived.refusal("hello, this is nothing"), "has a header longer than itself"));
  CHECK(contains(message_of([&] { load_backbone(archived.scratch / "whole.safetensors"); }), "is a finished model"));
}

TEST_CASE("Tensors and nets that do not fit each other are refused by name") {
  const Archived archived;
  StateDict less("less"), shaped("shaped"), more = archived.dict;
  less.metadata = shaped.metadata = archived.dict.metadata;
  for (const NamedTensor& entry : archived.dict.entries()) {
    if (entry.name != "head.dense.weight") less.add(entry.name, entry.value);
    shaped.add(entry.name, entry.name == "head.dense.weight" ? entry.value.t().contiguous() : entry.value);
  }
  more.add("head.extra", at::zeros({2}));
  for (StateDict* dict : {&less, &shaped, &more}) dict->metadata.erase("cvtool.digest");
  CHECK(contains(archived.refusal(safetensors_bytes(less)), "missing (1): head.dense.weight"));
  CHECK(contains(archived.refusal(safetensors_bytes(shaped)), "head.dense.weight: [144, 2] in the file"));
  CHECK(contains(archived.refusal(safetensors_bytes(more)), "unexpected (1): head.extra"));
  Json info = archived.info;
  info["recipe"]["model"]["layers"][0]["filters"] = 5;
  CHECK(contains(archived.refusal(archived.with_info(info)), "its tensors are not those of the net"));
  info["recipe"]["model"]["layers"][0]["filters"] = 1000000;
  const std::string large = archived.refusal(archived.with_info(info));
  CAPTURE(large);
  CHECK(contains(large, " weights, more than there are"));
  info["recipe"]["model"]["layers"][0]["kernel"] = 50;
  CHECK(contains(archived.refusal(archived.with_info(info)), "cannot be made (model.layers[0] (conv2d): "));
  StateDict other = archived.dict;
  const at::NoGradGuard no_grad;
  at::Tensor(other.at("head.dense.weight")).add_(3 * at::arange(2).reshape({2, 1}));
  other.metadata.erase("cvtool.digest");
  CHECK(contains(archived.refusal(safetensors_bytes(other)), "does not reproduce its golden sample"));
}

TEST_CASE("What is known of the model is held against what it may be") {
  const Archived archived;
  CHECK(contains(archived.refusal(archived.with({{"temperature", "0"}})), "its temperature is damaged"));
  CHECK(contains(archived.refusal(archived.with({{"temperature", "\"1\""}})), "its temperature is damaged"));
  CHECK(contains(archived.refusal(archived.with({{"temperature", "1e-320"}})), "golden sample"));
  for (const char* golden : {"", "@@", "AAAA"})
    CHECK(contains(archived.refusal(archived.with({{"golden_picture", golden}})), "lacks its golden sample"));
  // The file of a base on the reader's machine is none of its business.
  const Scratch folder;
  Json info = archived.info;
  info["recipe"]["model"]["base"] = folder.write("secret.pt", "no base");
  CHECK(
      contains(archived.refusal(archived.with_info(info)), "its recipe names a base, of which the file says nothing"));
  info["base"] = {{"name", "x"}, {"file", folder / "secret.pt"}, {"sha256", "12"}};
  CHECK(contains(archived.refusal(archived.with_info(info)), "its base 'secret' is not in the file"));
  info["base"] = {{"name", "mobilenet_v2"}};
  CHECK(contains(archived.refusal(archived.with_info(info)), "cvtool import mobilenet_v2"));
  info["base"]["net"] = {{"layers", {{{"kind", "no_such"}}}}};
  CHECK(contains(archived.refusal(archived.with_info(info)), "the base that it describes cannot be made"));
}

TEST_CASE("Whatever the metadata say, the file is read or refused, never more") {
  const BasesFolder bases;
  const Json net = json_from_text(R"({"layers": [{"kind": "conv2d", "filters": 3, "strides": 2}]})", "test");
  Recipe recipe = recipe_at("transfer", kSide);
  recipe.model["base"] = "small";
  const BackboneNet small = compile_backbone(net, {{kSide, kSide}, 2, 42});
  save_backbone(
      bases.folder / "small.pt",
      {small.module,
       {{"format", kBackboneFormat}, {"kind", "base"}, {"name", "small"}, {"preprocess", "unit"}, {"net", net}}});
  const Archived archived(untrained_model(recipe));
  REQUIRE(archived.info["base"].contains("net"));
  int refused = 0;
  for (const std::string part :
       {"", "/base", "/base/net", "/base/net/layers/0", "/recipe", "/recipe/model", "/recipe/model/layers/0"}) {
    const Json at_part = archived.info[Json::json_pointer(part)];
    for (const auto& [key, unused] : at_part.items())
      for (const char* value : {"null", "5", "\"x\"", "[]", "{}", "[1]", "-1e300", "1e15"}) {
        Json changed = archived.info;
        changed[Json::json_pointer(part)][key] = Json::parse(value);
        const std::string what = std::string(part) + "/" + key + " = " + value;
        CAPTURE(what);
        refused += !archived.refusal(archived.with_info(changed)).empty();
      }
  }
  CHECK(refused > 150);
}
