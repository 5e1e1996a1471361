// Nets of the recipes and bases that come with the program, as weights without code and back.
#include <doctest/doctest.h>

#include "base/files.h"
#include "golden/golden.h"
#include "model/archived/weight_archive.h"
#include "model/predictor.h"
#include "model/random_bases.h"

using namespace cvtool;
using namespace std::string_literals;

namespace {

void write_known_base(const BasesFolder& bases, const std::string& file_name) {
  write_base(bases, *choice_of_file_name(file_name), [](Json&) {});
}

// What the program says of three drawn pictures: probabilities and logits.
at::Tensor answers(const ModelFile& model) {
  at::manual_seed(4);
  const at::Tensor x = at::randint(256, {3, 3, model.golden.size(2), model.golden.size(3)}, at::kByte);
  const Prediction p = Predictor(model.module, at::kCPU, at::kFloat).run(x);
  return at::cat({p.probabilities, p.logits}, 1);
}

// A recipe that stands on a base file of this name.
Recipe transfer_on(const std::string& base) {
  Recipe recipe = recipe_at("transfer", 32);
  recipe.model["base"] = base;
  return recipe;
}

std::string archived(const Scratch& scratch, const ModelFile& model) {
  return scratch.write("m.safetensors", weight_archive_bytes(model));
}

}  // namespace

TEST_CASE("Every recipe goes out as weights and comes back with the same bits, on a base without the base's file") {
  const Scratch scratch;
  const auto recipes = recipe_names();
  REQUIRE(recipes.size() >= 15);
  for (const std::string& name : recipes) {
    CAPTURE(name);
    const BasesFolder bases;
    const std::string base = load_recipe(name, Json::object()).model.value("base", "");
    if (!base.empty()) write_known_base(bases, base);
    ModelFile model = smallest_model(name);
    model.module.setattr("temperature", 1.7);
    add_golden_sample(model, model.golden);
    const std::string file = archived(scratch, model);
    std::filesystem::remove_all(bases.folder.path());
    const ModelFile back = load_model(file);
    CHECK(answers(back).equal(answers(model)));
    CHECK(golden_difference(back) == 0);
    CHECK(back.info == model.info);
    CHECK(back.golden.equal(model.golden));
    CHECK((back.form == ModelForm::kWeights));
    CHECK(back.digest.size() == 64);
  }
}

TEST_CASE("The spec of a base that was imported before it was kept is found by what the base gives") {
  const Scratch scratch;
  // The two have the same tensors, but other paddings and another epsilon.
  for (const std::string& name : {"mobilenet_v2"s, "mobilenet_v2-keras"s}) {
    CAPTURE(name);
    const BasesFolder bases;
    write_base(bases, *choice_of_file_name(name), [](Json& info) { info.erase("net"); });
    const ModelFile model = untrained_model(transfer_on(name));
    CHECK_FALSE(model.info["base"].contains("net"));
    const std::string file = archived(scratch, model);
    std::filesystem::remove_all(bases.folder.path());
    const ModelFile back = load_model(file);
    CHECK(answers(back).equal(answers(model)));
    CHECK(back.info["base"]["net"] == chosen_net(*choice_of_file_name(name)));
  }
}

TEST_CASE("A spec that is not the base's own is not believed: the base is then found by its digest") {
  const Scratch scratch;
  const BasesFolder bases;
  const BackboneChoice choice = *choice_of_file_name("mobilenet_v2-keras-0.35");
  write_base(bases, choice, [](Json& info) {
    info["name"] = "mine";
    info["net"] = chosen_net(*choice_of_file_name("mobilenet_v2"));
  });
  const ModelFile model = untrained_model(transfer_on("mobilenet_v2-keras-0.35"));
  const std::string file = archived(scratch, model);
  // Under any name.
  std::filesystem::rename(bases.folder / "mobilenet_v2-keras-0.35.pt", bases.folder / "other.pt");
  const ModelFile back = load_model(file);
  CHECK_FALSE(back.info["base"].contains("net"));
  CHECK(answers(back).equal(answers(model)));
  // Another file under the base's own name, and none with its digest.
  std::filesystem::rename(bases.folder / "other.pt", bases.folder / "gone");
  write_base(bases, choice, [](Json& info) { info["name"] = "mine"; });
  const std::string why = message_of([&] { load_model(file); });
  CAPTURE(why);
  for (const std::string& part :
       {file + ": its base 'mobilenet_v2-keras-0.35' is not in the file", bases.folder.path(),
        std::string("mobilenet_v2-keras-0.35.pt is another one"), model.info["base"]["sha256"].get<std::string>(),
        std::string("cvtool import mobilenet_v2 --variant keras --alpha 0.35")})
    CHECK(contains(why, part));
}

TEST_CASE("A file of 0.1.0 on a base of models/bases, without the base's spec, is read with the spec that fits") {
  const Scratch scratch;
  const BasesFolder bases;
  write_known_base(bases, "mobilenet_v2-keras-0.35");
  const ModelFile model = untrained_model(transfer_on("mobilenet_v2-keras-0.35"));
  StateDict old = read_state_dict(archived(scratch, model));
  Json info = model.info;
  info["base"].erase("net");
  old.metadata["cvtool.json"] = info.dump();
  old.metadata.erase("cvtool.digest");
  std::filesystem::remove_all(bases.folder.path());
  const ModelFile back = load_model(scratch.write("old.safetensors", safetensors_bytes(old)));
  CHECK(answers(back).equal(answers(model)));
  CHECK(back.digest.empty());
}
