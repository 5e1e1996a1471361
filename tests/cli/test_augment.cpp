// Augmentation through the built program.
#include <algorithm>
#include <filesystem>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

Outcome train_with(const std::string& name, std::vector<std::string> more) {
  const Session& session = Session::get();
  std::vector<std::string> arguments{"train", "--data", session.photos, "--epochs", "1", "--project", "augmented", "--name", name};
  if (std::find(more.begin(), more.end(), "--recipe") == more.end()) more.insert(more.begin(), {"--recipe", session.recipe});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return session(arguments);
}

std::string run_of(const std::string& name) { return Session::get().scratch / ("augmented/" + name); }

Json config_of(const std::string& name) { return Json::parse(content_of(run_of(name) + "/config.json")); }

bool is_jpeg(const std::string& path) { return content_of(path).rfind("\xff\xd8\xff", 0) == 0; }

}  // namespace

TEST_CASE("--augment is resolved into config.json and drawn as train_batch.jpg; --augment none takes it away") {
  const Session& session = Session::get();
  const Outcome outcome = train_with("flips", {"--augment", "flip=horizontal,rotation=0.2,contrast=0.5"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const Json augment = config_of("flips")["augment"];
  REQUIRE(augment.size() == 3);
  CHECK(augment[1].dump() == R"({"kind":"random_rotation","factor":0.2,"fill":"reflect","fill_value":0.0,"interpolation":"bilinear"})");
  CHECK(is_jpeg(run_of("flips") + "/train_batch.jpg"));
  CHECK(is_jpeg(session.run + "/train_batch.jpg"));
  CHECK(content_of(run_of("flips") + "/train_batch.jpg") != content_of(session.run + "/train_batch.jpg"));

  REQUIRE(session({"train", "--data", session.photos, "--recipe", run_of("flips") + "/config.json", "--augment", "none", "--project", "augmented", "--name", "plain"}).code == 0);
  CHECK(config_of("plain")["augment"].empty());
}

TEST_CASE("A wrong name or a strength out of range is refused") {
  const Session& session = Session::get();
  check_refused(train_with("wrong", {"--augment", "flip,rotatoin=0.2"}), 2, {"--augment", "'rotatoin'", "did you mean 'rotation'"});
  check_refused(train_with("wrong", {"--augment", "contrast=1.5"}), 2, {"--augment contrast.factor", "1.5 is out of range", "from 0 to 1"});
  check_refused(session({"train", "--data", session.photos, "--recipe", session.scratch.write("turned.json", R"({"augment": [{"kind": "random_turn"}],
    "model": {"layers": [{"kind": "flatten"}, {"kind": "dense"}]}})")}), 2, {"turned.json", "augment[0]", "random_turn"});
  CHECK_FALSE(fs::exists(run_of("wrong")));
}
