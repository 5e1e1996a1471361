// Augmentation through the built program.
#include <filesystem>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

Outcome train_with(const std::string& name, std::vector<std::string> more) {
  const Session& session = Session::get();
  std::vector<std::string> arguments{"train",     "--data",    session.photos, "--epochs", "1",
                                     "--project", "augmented", "--name",       name};
  if (std::find(more.begin(), more.end(), "--recipe") == more.end())
    more.insert(more.begin(), {"--recipe", session.recipe});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return session(arguments);
}

std::string run_of(const std::string& name) { return Session::get().scratch / ("augmented/" + name); }

Json config_of(const std::string& name) { return Json::parse(content_of(run_of(name) + "/config.json")); }

bool is_jpeg(const std::string& path) { return content_of(path).rfind("\xff\xd8\xff", 0) == 0; }

}  // namespace

TEST_CASE("--augment is resolved into config.json, told, and drawn as train_batch.jpg; --augment none takes it away") {
  const Session& session = Session::get();
  const Outcome outcome = train_with("flips", {"--augment", "flip=horizontal,rotation=0.2,contrast=0.5"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.err, "augmented by flip=horizontal, rotation=0.2, contrast=0.5"));
  const Json augment = config_of("flips")["augment"];
  REQUIRE(augment.size() == 3);
  CHECK(augment[1].dump() ==
        R"({"kind":"random_rotation","factor":0.2,"fill":"reflect","fill_value":0.0,"interpolation":"bilinear"})");
  CHECK(is_jpeg(run_of("flips") + "/train_batch.jpg"));
  CHECK(is_jpeg(session.run + "/train_batch.jpg"));
  CHECK(content_of(run_of("flips") + "/train_batch.jpg") != content_of(session.run + "/train_batch.jpg"));

  REQUIRE(session({"train", "--data", session.photos, "--recipe", run_of("flips") + "/config.json", "--augment", "none",
                   "--project", "augmented", "--name", "plain"})
              .code == 0);
  CHECK(config_of("plain")["augment"].empty());
}

TEST_CASE("Augmented runs are the same for any number of workers and other than plain ones") {
  for (const char* workers : {"1", "3"})
    REQUIRE(train_with(std::string("mixed") + workers,
                       {"--augment", "flip,rotation,mixup,cutmix,noise", "--workers", workers})
                .code == 0);
  CHECK((content_of(run_of("mixed1") + "/best.pt") == content_of(run_of("mixed3") + "/best.pt")));
  CHECK((content_of(run_of("mixed1") + "/train_batch.jpg") == content_of(run_of("mixed3") + "/train_batch.jpg")));
}

TEST_CASE("A net behind random_crop has the crop's size, in training, eval and predict") {
  const Session& session = Session::get();
  const Outcome outcome = train_with("crop", {"--augment", "crop=24,contrast"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const Outcome summary = session({"summary", "augmented/crop", "--json"});
  CHECK(Json::parse(summary.out)["imgsz"] == 24);
  const Outcome eval =
      session({"eval", "--data", session.photos, "--model", "augmented/crop", "--split", "valid", "--json"});
  CAPTURE(eval.err);
  REQUIRE(eval.code == 0);
  CHECK(Json::parse(eval.out)["metrics"]["accuracy"] ==
        Json::parse(content_of(run_of("crop") + "/metrics.json"))["metrics"]["accuracy"]);
  CHECK(session({"predict", session.photos + "/test", "--model", "augmented/crop"}).code == 0);
}

TEST_CASE("A wrong name, a strength out of range, or a rotation where orientation matters is refused") {
  const Session& session = Session::get();
  check_refused(train_with("wrong", {"--augment", "flip,rotatoin=0.2"}), 2,
                {"--augment", "'rotatoin'", "did you mean 'rotation'"});
  check_refused(train_with("wrong", {"--augment", "contrast=1.5"}), 2,
                {"--augment contrast.factor", "1.5 is out of range", "from 0 to 1"});
  std::string digits = small_recipe();
  digits.replace(0, 1, R"({"orientation_sensitive": true,)");
  check_refused(
      train_with("wrong", {"--recipe", session.scratch.write("digits.json", digits), "--augment", "flip,rotation=0.2"}),
      2, {"random_flip, random_rotation", "orientation_sensitive", "--augment none"});
  check_refused(session({"train", "--data", session.photos, "--recipe",
                         session.scratch.write("turned.json", R"({"augment": [{"kind": "random_turn"}],
    "model": {"layers": [{"kind": "flatten"}, {"kind": "dense"}]}})")}),
                2, {"turned.json", "augment[0]", "random_turn"});
  CHECK_FALSE(fs::exists(run_of("wrong")));
}

TEST_CASE("Test-time augmentation is the mean of the probabilities, the same in eval and predict; its metrics say so") {
  const Session& session = Session::get();
  const auto probabilities = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"predict", session.photos + "/test", "--model", session.run, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::vector<double> cars;
    for (const Json& line : json_lines(session(arguments).out))
      cars.push_back(line["probabilities"]["Car"].get<double>());
    return cars;
  };
  const auto plain = probabilities({}), flipped = probabilities({"--tta", "flip"}),
             drawn = probabilities({"--tta", "4"});
  REQUIRE(plain.size() == 18);
  CHECK(flipped != plain);
  CHECK(drawn != flipped);
  const auto smaller_batches = probabilities({"--tta", "4", "-b", "5"});
  for (size_t i = 0; i < drawn.size(); ++i) CHECK(smaller_batches[i] == doctest::Approx(drawn[i]).epsilon(1e-5));
  CHECK(probabilities({"--tta", "none"}) == plain);

  const Outcome eval = session({"eval", "--data", session.photos, "--model", session.run, "--split", "test", "--tta",
                                "flip", "--json", "-o", "tta"});
  CAPTURE(eval.err);
  REQUIRE(eval.code == 0);
  const Json document = Json::parse(eval.out);
  CHECK(document["tta"] == "flip");
  double right = 0;  // the photos come sorted, nine cars first
  for (size_t i = 0; i < flipped.size(); ++i) right += (i < 9) == (flipped[i] >= 0.5);
  CHECK(document["metrics"]["accuracy"].get<double>() == doctest::Approx(right / 18));
  for (const char* command : {"eval", "predict"}) {
    const Outcome refused =
        session({command, command == std::string("eval") ? "--data" : "-q", session.photos, "--tta", "0"});
    CHECK(refused.code == 2);
    CHECK(contains(refused.err, "--tta: must be none, flip or a number of variants from 1 to 64"));
  }
}

TEST_CASE(
    "data preview --recipe draws the batch as the net sees it, beside the photos, and one photo over the epochs") {
  const Session& session = Session::get();
  const Outcome outcome = session({"data", "preview", session.photos, "--recipe", session.recipe, "--augment",
                                   "flip,rotation=0.2,mixup", "-o", "seen.jpg"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.out == "wrote seen.jpg\nwrote seen-pairs.jpg\nwrote seen-variants.jpg\n");
  for (const char* name : {"seen.jpg", "seen-pairs.jpg", "seen-variants.jpg"}) CHECK(is_jpeg(session.scratch / name));
  check_refused(session({"data", "preview", session.photos, "--augment", "flip", "--split", "test", "-o", "seen.jpg"}),
                2, {"--split test"});
}
