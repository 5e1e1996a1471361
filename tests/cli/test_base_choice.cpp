// Which pretrained backbone plain training takes, from outside. Nothing here reaches for the network.
#include <filesystem>

#include "cli/session.h"

using namespace cvtool;

namespace {

// A folder as XDG_DATA_HOME with backbones of those names, all small.
class DataHome {
 public:
  explicit DataHome(const std::vector<std::string>& names) {
    Invocation python;
    python.program = CVTOOL_PYTHON;
    python.arguments = {std::string(CVTOOL_TESTS_FOLDER) + "/cli/make_bases.py", made_.path()};
    REQUIRE(run_program(python).code == 0);
    const std::string bases = folder_ / "cvtool/bases";
    std::filesystem::create_directories(bases);
    for (const std::string& name : names)
      std::filesystem::copy_file(made_ / "scripted.pt", std::filesystem::path(bases) / (name + ".pt"));
  }
  std::string path() const { return folder_.path(); }

 private:
  Scratch made_, folder_;
};

Outcome train(const std::string& name, const std::string& data_home, std::vector<std::string> more = {},
              const std::map<std::string, std::string>& environment = {}) {
  Invocation invocation;
  invocation.folder = Session::get().scratch.path();
  invocation.arguments = {"train", "--data", Session::get().photos, "--imgsz", "32", "--epochs", "1", "--name", name};
  invocation.arguments.insert(invocation.arguments.end(), more.begin(), more.end());
  invocation.environment = environment;
  invocation.environment["XDG_DATA_HOME"] = data_home;
  return run_program(invocation);
}

Json model_of(const std::string& name) {
  return Json::parse(content_of(Session::get().scratch / ("runs/" + name + "/config.json")))["model"];
}

}  // namespace

TEST_CASE("A backbone that lies ready is taken unasked, MobileNetV2 before others, and stands in config.json") {
  const DataHome one({"of-my-own"}), many({"a-first", "vgg16", "mobilenet_v2_0.5", "mobilenet_v2"});
  Outcome outcome = train("own-base", one.path());
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.err.rfind("on the pretrained backbone of-my-own", 0) == 0);
  CHECK(model_of("own-base")["base"] == "of-my-own");
  outcome = train("best-base", many.path());
  REQUIRE(outcome.code == 0);
  CHECK(model_of("best-base")["base"] == "mobilenet_v2");
}

TEST_CASE("--base none and a recipe take no backbone, though one lies ready") {
  const DataHome home({"mobilenet_v2"});
  const Outcome none = train("no-base", home.path(), {"--base", "none"});
  REQUIRE(none.code == 0);
  CHECK(model_of("no-base").value("base", "").empty());
  CHECK_FALSE(contains(none.err, "backbone"));
  const Outcome recipe = train("recipe-base", home.path(), {"--recipe", Session::get().recipe});
  REQUIRE(recipe.code == 0);
  CHECK(model_of("recipe-base").value("base", "").empty());
}

TEST_CASE("Without a backbone none is fetched where that is forbidden, with one line that says what it would bring") {
  const DataHome empty({});
  const std::vector<std::pair<std::string, std::map<std::string, std::string>>> ways{
      {"CVTOOL_OFFLINE is set", {{"CVTOOL_OFFLINE", "1"}, {"CI", ""}}},
      {"CI is set", {{"CVTOOL_OFFLINE", "0"}, {"CI", "true"}}}};
  for (const auto& [why, environment] : ways) {
    const Outcome outcome = train("", empty.path(), {}, environment);
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(contains(outcome.err, why));
    CHECK(contains(outcome.err, "cvtool import mobilenet_v2"));
    CHECK(contains(outcome.err, "small-resnet"));
  }
  const Outcome outcome = train("", empty.path(), {"--offline"}, {{"CVTOOL_OFFLINE", ""}, {"CI", ""}});
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.err, "--offline"));
}

TEST_CASE("A network that does not answer costs seconds once, and no training") {
  const DataHome empty({});
  const Scratch cache;
  // A proxy that nobody serves.
  const std::map<std::string, std::string> environment{{"CVTOOL_OFFLINE", ""},
                                                       {"CI", ""},
                                                       {"https_proxy", "http://127.0.0.1:9"},
                                                       {"no_proxy", ""},
                                                       {"XDG_CACHE_HOME", cache.path()}};
  const Outcome first = train("", empty.path(), {}, environment);
  CAPTURE(first.err);
  REQUIRE(first.code == 0);
  CHECK(contains(first.err, "fetching the backbone mobilenet_v2 once"));
  CHECK(contains(first.err, "could not be fetched"));
  const Outcome second = train("", empty.path(), {}, environment);
  REQUIRE(second.code == 0);
  CHECK_FALSE(contains(second.err, "fetching the backbone"));
  CHECK(contains(second.err, "within the hour"));
  CHECK_FALSE(std::filesystem::exists(empty.path() + "/cvtool/bases/mobilenet_v2.pt"));
}
