#include "run/resume.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "scratch.h"
#include "spec/recipe.h"

using namespace cvtool;

namespace {

Json settings(const Json& train, const Json& transfer = Json::object()) {
  return identifying_settings(recipe_to_json(load_recipe(kDefaultRecipe, {{"train", train}, {"transfer", transfer}})));
}

// What a run that was stopped under `before` says to going on under `now`.
std::string refusal(const Json& before, const Json& now) {
  StoppedRun run;
  run.folder = "runs/one";
  run.checkpoint = checkpoint_of(TrainingState());
  run.checkpoint->facts["identity"] = before;
  return message_of([&] { state_to_resume(run, now, /*force=*/false); });
}

}  // namespace

TEST_CASE("Epochs and the least improvement are settings of a run where its learning rate follows them") {
  for (const char* schedule : {"constant", "step", "exponential", "plateau", "cosine", "one_cycle"}) {
    CAPTURE(schedule);
    const std::string name = schedule;
    const auto with = [&](int epochs, double min_delta) {
      return settings({{"schedule", name}, {"epochs", epochs}, {"min_delta", min_delta}});
    };
    CHECK((with(5, 0) == with(6, 0)) == (name != "cosine" && name != "one_cycle"));
    CHECK((with(5, 0) == with(5, 0.1)) == (name != "plateau"));
  }
  CHECK(settings({{"patience", 3}}) == settings({{"patience", 4}}));
  CHECK(settings({{"lr", 0.1}}) != settings({{"lr", 0.2}}));
}

TEST_CASE("Where features are kept is no setting that changes a run") {
  CHECK(settings(Json::object(), {{"feature_cache", "ram"}}) == settings(Json::object(), {{"feature_cache", "none"}}));
}

TEST_CASE("A run of an earlier version goes on by what it recorded") {
  Json before{{"settings", settings({{"schedule", "cosine"}})}, {"threads", 2}};
  before["settings"]["train"].erase("epochs");
  before["settings"]["transfer"]["feature_cache"] = "ram";
  Json now{{"settings", settings({{"schedule", "cosine"}})}, {"threads", 2}, {"cvtool", "9.9.9"}};
  CHECK(refusal(before, now) == "");
  now["threads"] = 3;
  CHECK(contains(refusal(before, now), "threads was 2 and is now 3"));
  now.erase("threads");
  CHECK(refusal(before, now) == "");
  now["threads"] = 2;
  now["settings"]["model"]["parameters"]["width"] = 8;
  CHECK(contains(refusal(before, now), "settings.model.parameters.width was null and is now 8"));
}

TEST_CASE("A run that another version wrote is refused by the version's name") {
  const Json settings_now = settings(Json::object());
  CHECK(contains(
      refusal({{"settings", settings_now}, {"cvtool", "0.1.0"}}, {{"settings", settings_now}, {"cvtool", "0.2.0"}}),
      "cvtool was \"0.1.0\" and is now \"0.2.0\""));
}

TEST_CASE("A checkpoint that does not say of what training it is, is refused in words of ours") {
  for (const char* identity :
       {"5", "\"x\"", "[1]", "{\"settings\": 5}", "{\"settings\": {\"train\": 5}}", "{\"settings\": {\"data\": []}}",
        "{\"settings\": {\"transfer\": \"x\"}}", "{\"settings\": {\"train\": {\"schedule\": 5}}}"}) {
    CAPTURE(identity);
    CHECK(contains(refusal(Json::parse(identity), {{"settings", settings(Json::object())}}),
                   "runs/one/checkpoint.pt: does not say of what training it is"));
  }
}

TEST_CASE("What config.json says of the search for a way to train is read by its types") {
  const Scratch scratch;
  for (const char* key : {"tried", "advice"}) {
    Json config = recipe_to_json(load_recipe(kDefaultRecipe, Json::object()));
    config["run"] = {{"data", "photos"}, {key, 5}};
    scratch.write("config.json", config.dump());
    const std::string message = message_of([&] { open_stopped_run(scratch.path(), "", nullptr); });
    CHECK(contains(message, "config.json: run: '" + std::string(key) + "'"));
  }
}
