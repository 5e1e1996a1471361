#include <csignal>
#include <fstream>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

TEST_CASE("train fills a run directory and tells its results on stdout") {
  const Session& session = Session::get();
  CHECK(contains(session.training.out, "best epoch "));
  CHECK(contains(session.training.out, "accuracy "));
  CHECK(contains(session.training.err, "Epoch 1/2"));
  CHECK(contains(session.training.err, "Epoch 2/2"));
  CHECK_FALSE(contains(session.training.err, "\r"));  // bars are for terminals
  const auto names = names_in(session.run);
  for (const char* name :
       {"best.pt", "last.pt", "config.json", "curves.png", "data.json", "history.csv", "log.txt", "metrics.json"}) {
    CAPTURE(name);
    CHECK(names.count(name) == 1);
  }
  for (const std::string& name : names) CHECK_FALSE(contains(name, ".part"));
  CHECK(content_of(session.run + "/curves.png").rfind("\x89PNG", 0) == 0);
  CHECK(contains(content_of(session.run + "/log.txt"), "epoch 2/2"));
}

TEST_CASE("Where a folder stands in the place of runs/latest, the training says how its run is named") {
  const Session& session = Session::get();
  fs::create_directories(session.scratch / "taken/latest");
  const Outcome outcome = session({"train", "--data", session.photos, "--recipe", session.recipe, "--epochs", "1",
                                   "--project", session.scratch / "taken"});
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.err, "taken/latest cannot be made a link to this run; name it: --model "));
}

TEST_CASE("runs/latest points at the newest run") {
  const Session& session = Session::get();
  CHECK(fs::is_symlink(session.scratch / "runs/latest"));
  CHECK(fs::exists(session.scratch / "runs/latest/best.pt"));
}

TEST_CASE("The history has Keras's names and a row an epoch") {
  const std::string history = content_of(Session::get().run + "/history.csv");
  CHECK(first_line(history) == "epoch,loss,accuracy,val_loss,val_accuracy,lr,seconds,images_per_second");
  CHECK(std::count(history.begin(), history.end(), '\n') == 3);
  CHECK(contains(history, "\n2,"));
}

TEST_CASE("data.json lists the files, their labels and what was skipped") {
  const Json data = Json::parse(content_of(Session::get().run + "/data.json"));
  CHECK(data["classes"] == Json({"Car", "Truck"}));
  CHECK(data["train"]["count"] == 48);
  CHECK(data["train"]["labels"]["Truck"] == 24);
  CHECK(data["valid"]["files"].size() == 24);
  CHECK(data["train"]["skipped"].empty());
}

TEST_CASE("The same command gives the same model and history, byte for byte, whatever the number of workers") {
  const Session& session = Session::get();
  for (const char* workers : {"1", "4"}) {
    const std::string name = std::string("workers") + workers;
    const Outcome outcome =
        session({"train", "--data", session.photos, "--recipe", session.recipe, "--name", name, "--workers", workers});
    REQUIRE(outcome.code == 0);
    const std::string run = session.scratch / ("runs/" + name);
    for (const char* file : {"/best.pt", "/last.pt"}) CHECK((content_of(run + file) == content_of(session.run + file)));
    CHECK(timeless(content_of(run + "/history.csv")) == timeless(content_of(session.run + "/history.csv")));
  }
}

TEST_CASE(
    "A training gives the same model for any number of threads: batch norm, dropout, large dense layers, mixing") {
  const Session& session = Session::get();
  std::ofstream(session.scratch / "parts.json") << R"({"model": {"layers": [
      {"kind": "conv2d", "filters": 8, "padding": "same", "bias": false}, {"kind": "batch_norm", "activation": "relu"},
      {"kind": "max_pool2d"}, {"kind": "dropout", "rate": 0.2}, {"kind": "flatten"},
      {"kind": "dense", "units": 16, "activation": "relu"}, {"kind": "dropout"}, {"kind": "dense"}]},
    "train": {"epochs": 2, "batch": 48, "clip_norm": 1, "ema": 0.9}})";
  for (const char* precision : {"bf16", "fp32"}) {
    const std::string first = std::string("threads-") + precision + "1";
    for (const char* threads : {"1", "2", "3"}) {
      CAPTURE(precision);
      CAPTURE(threads);
      const std::string name = std::string("threads-") + precision + threads;
      const Outcome outcome = session({"train", "--data", session.photos, "--recipe", "parts.json", "--imgsz", "64",
                                       "--name", name, "--precision", precision, "--augment",
                                       "flip=horizontal,rotation=0.1,mixup=0.3", "--threads", threads});
      INFO(outcome.err);
      REQUIRE(outcome.code == 0);
      const auto file = [&](const std::string& run) {
        return content_of(session.scratch / ("runs/" + run + "/last.pt"));
      };
      CHECK((file(name) == file(first)));
    }
  }
}

TEST_CASE("The resolved recipe of a run, fed back, repeats the run; another seed does not") {
  const Session& session = Session::get();
  REQUIRE(session({"train", "--data", session.photos, "--recipe", session.run + "/config.json", "--name", "repeated"})
              .code == 0);
  CHECK(timeless(content_of(session.scratch / "runs/repeated/history.csv")) ==
        timeless(content_of(session.run + "/history.csv")));
  REQUIRE(
      session({"train", "--data", session.photos, "--recipe", session.recipe, "--name", "other", "--seed", "7"}).code ==
      0);
  CHECK(timeless(content_of(session.scratch / "runs/other/history.csv")) !=
        timeless(content_of(session.run + "/history.csv")));
}

TEST_CASE("A flag wins over the recipe, and the recipe over the default") {
  const Session& session = Session::get();
  REQUIRE(session({"train", "--data", session.photos, "--recipe", session.recipe, "--epochs", "1", "-b", "8", "--name",
                   "flags"})
              .code == 0);
  const Json config = Json::parse(content_of(session.scratch / "runs/flags/config.json"));
  CHECK(config["train"]["epochs"] == 1);
  CHECK(config["train"]["batch"] == 8);
  CHECK(config["train"]["lr"] == 0.01);
  CHECK(config["train"]["optimizer"] == "adam");
  CHECK(config["train"]["epsilon"] == 1e-7);
  CHECK(config["data"]["classes"] == Json({"Car", "Truck"}));
}

TEST_CASE("Runs without a name are numbered, and a name that is taken is refused") {
  const Session& session = Session::get();
  for (int i = 0; i < 2; ++i)
    REQUIRE(session({"train", "--data", session.photos, "--recipe", session.recipe, "--epochs", "1", "--project",
                     "numbered"})
                .code == 0);
  CHECK(names_in(session.scratch / "numbered") == std::set<std::string>{"latest", "train", "train2"});
  CHECK(fs::read_symlink(session.scratch / "numbered/latest") == "train2");
  const std::string before = content_of(session.model);
  check_refused(session({"train", "--data", session.photos, "--recipe", session.recipe, "--name", "first"}), 2,
                {"--name first", "choose another name"});
  CHECK((content_of(session.model) == before));
}

TEST_CASE("A run lies in its project, and its name is that of a folder") {
  const Session& session = Session::get();
  for (const std::string name : {"../outside", "a/../../outside", "/tmp/outside", "latest", "."})
    check_refused(session({"train", "--data", session.photos, "--name", name}), 2, {"--name " + name, "another"});
  CHECK_FALSE(fs::exists(session.scratch / "outside"));
  check_refused(session({"train", "--data", session.photos, "--project", ""}), 2, {"--project: is empty"});
  check_refused(session({"train", "--data", session.photos, "--beta-1", "1"}), 2, {"below 1"});
  check_refused(session({"train", "--data", session.photos, "--class-weights", "Car=0,Truck=0"}), 2,
                {"--class-weights", "leaves no training photo a weight"});
}

TEST_CASE("train --data alone uses the default recipe; --json prints events, the last with the result") {
  const Session& session = Session::get();
  const Outcome outcome = session(
      {"train", "--data", session.photos, "--imgsz", "32", "--epochs", "1", "--project", "default", "--json", "-q"});
  REQUIRE(outcome.code == 0);
  const auto events = json_lines(outcome.out);
  REQUIRE(events.size() == 3);
  CHECK(events[0]["event"] == "start");
  CHECK(events[0]["recipe"]["name"] == "small-resnet");
  CHECK(events[1]["event"] == "epoch");
  CHECK(events[1]["val_accuracy"].is_number());
  const Json& result = events[2];
  CHECK(result["event"] == "end");
  CHECK(result["run"] == "default/train");
  CHECK(result["best_epoch"] == 1);
  CHECK(result["metrics"]["accuracy"].is_number());
  CHECK_FALSE(contains(outcome.err, "Epoch"));
}

TEST_CASE("One sigmoid unit trains with binary cross-entropy under Keras's names") {
  const Session& session = Session::get();
  std::string recipe = small_recipe();
  recipe.replace(recipe.find(R"({"kind": "dense"})"), 17, R"({"kind": "dense", "units": 1, "activation": "sigmoid"})");
  session.scratch.write("binary.json", recipe);
  REQUIRE(session({"train", "--data", session.photos, "--recipe", "./binary.json", "--name", "binary", "--precision",
                   "fp32"})
              .code == 0);
  CHECK(first_line(content_of(session.scratch / "runs/binary/history.csv")) ==
        "epoch,loss,binary_accuracy,val_loss,val_binary_accuracy,lr,seconds,images_per_second");
  const auto lines = json_lines(session({"predict", session.photos + "/test", "--model", "runs/binary", "--json"}).out);
  REQUIRE(lines.size() == 18);
  for (const Json& line : lines)
    CHECK(line["probabilities"]["Car"].get<double>() + line["probabilities"]["Truck"].get<double>() ==
          doctest::Approx(1).epsilon(1e-6));
}

TEST_CASE("A time limit that ends before the first epoch does says so, and the run can go on") {
  const Session& session = Session::get();
  const Outcome outcome = session(
      {"train", "--data", session.photos, "--recipe", session.recipe, "--name", "short", "--time-limit", "1e-6"});
  check_refused(outcome, 1,
                {"the time is over", "there is no model yet", "go on with: cvtool train --resume runs/short"});
  CHECK(session({"train", "--resume", "runs/short"}).code == 0);
  CHECK(fs::exists(session.scratch / "runs/short/best.pt"));
}

TEST_CASE("Folders whose names are no UTF-8 can be trained on and written to") {
  const Session& session = Session::get();
  fs::create_directory_symlink(session.photos, session.scratch / "photos-\xe9");
  const Outcome outcome = session({"train", "--data", "photos-\xe9", "--recipe", session.recipe, "--epochs", "1",
                                   "--project", "runs-\xe9", "--json"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const auto events = json_lines(outcome.out);
  REQUIRE(events.size() == 3);
  CHECK(events[2]["run"] == "runs-\uFFFD/train");
  CHECK(contains(Json::parse(content_of(session.scratch / "runs-\xe9/train/config.json"))["run"]["data"],
                 "photos-\uFFFD"));
}

TEST_CASE("Ctrl-C ends a run in order: exit code 130, and the best model so far can be used") {
  const Session& session = Session::get();
  const Outcome outcome = interrupted_after(
      "Epoch      1/100000",
      {"train", "--data", session.photos, "--recipe", session.recipe, "--name", "stopped", "--epochs", "100000"});
  CAPTURE(outcome.err);
  CHECK(outcome.code == 130);
  CHECK(contains(outcome.err, "interrupted"));
  CHECK(contains(outcome.err, "best.pt"));
  CHECK(session({"predict", session.photos + "/test", "--model", "runs/stopped"}).code == 0);
  for (const std::string& name : names_in(session.scratch / "runs/stopped")) CHECK_FALSE(contains(name, ".part"));
}

TEST_CASE("data sample draws the same set again and completes one that was begun") {
  const Session& session = Session::get();
  const std::vector<std::string> command{
      "data", "sample", "again", "--train-per-class", "24", "--valid-per-class", "12", "--test-per-class",
      "9",    "--size", "40x56"};
  const Outcome drawn = session(command);
  REQUIRE(drawn.code == 0);
  CHECK(contains(drawn.out, "drew 90 pictures in again"));
  std::string some;
  for (const auto& entry : fs::recursive_directory_iterator(session.scratch / "again"))
    if (entry.is_regular_file() && contains(entry.path().string(), "/train/Car/"))
      some = fs::relative(entry.path(), session.scratch / "again").string();
  REQUIRE_FALSE(some.empty());
  CHECK((content_of(session.scratch / ("again/" + some)) == content_of(session.photos + "/" + some)));
  fs::remove(session.scratch / ("again/" + some));
  CHECK(contains(session(command).out, "drew 1 picture in again, 89 were there"));
  CHECK((content_of(session.scratch / ("again/" + some)) == content_of(session.photos + "/" + some)));
}

TEST_CASE("Classes that are evened out twice are warned of") {
  const Session& session = Session::get();
  const auto said = [&](const std::string& weights) {
    return session({"train", "--data", session.photos, "--recipe", session.recipe, "--epochs", "1", "--project",
                    "evened", "--sampler", "balanced", "--class-weights", weights})
        .err;
  };
  CHECK(contains(said("auto"), "photos of rare classes count twice"));
  CHECK_FALSE(contains(said("Car=2,Truck=1"), "count twice"));
}

TEST_CASE("A net that is dead is told of in its first epoch, by layer, with and without validation photos") {
  const Session& session = Session::get();
  session.scratch.write("dead.json", R"({
    "name": "dead", "data": {"imgsz": 16}, "model": {"preprocess": "unit", "layers": [
      {"kind": "flatten"}, {"kind": "dense", "units": 5}, {"kind": "rescale", "offset": -100},
      {"kind": "activation", "function": "relu"}, {"kind": "dense"}]}, "train": {"epochs": 6, "batch": 12}})");
  const std::string words = "the net is dead and cannot learn: no unit of the layer activation (5 units) answers";
  for (const std::string& data : {session.photos, session.photos + "/train"}) {
    CAPTURE(data);
    const Outcome outcome = session(
        {"train", "--data", data, "--valid", "0", "--recipe", session.scratch / "dead.json", "--project", "dead"});
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    const size_t told = outcome.err.find(words);
    REQUIRE(told != std::string::npos);
    CHECK(told < outcome.err.find("Epoch 2/6"));
    CHECK(outcome.err.find(words, told + 1) == std::string::npos);
    CHECK_FALSE(contains(outcome.err, "has learned nothing yet"));
    CHECK(contains(outcome.out, words));
  }
  CHECK_FALSE(contains(session.training.err, "dead"));
}

TEST_CASE("A training says where its time went when it is asked to, and otherwise does not look") {
  const Session& session = Session::get();
  CHECK_FALSE(fs::exists(session.run + "/profile.json"));
  const std::vector<std::string> training{"train",    "--data", session.photos, "--recipe", session.recipe,
                                          "--epochs", "2",      "--profile",    "--name",   "profiled"};
  const Outcome outcome = session(training);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.out, "where the time went"));
  CHECK(contains(outcome.out, "GFLOP/s"));
  const Json profile = Json::parse(content_of(session.scratch / "runs/profiled/profile.json"));
  REQUIRE(profile.at("epochs").size() == 2);
  const Json& first = profile.at("epochs").at(0);
  CHECK(first.at("epoch") == 1);
  CHECK(first.at("photos") == 48);
  double percent = 0;
  for (const auto& [name, part] : first.at("parts").items()) percent += part.at("percent").get<double>();
  CHECK(percent == doctest::Approx(100));
  for (const char* name : {"wait", "forward", "backward", "step", "validate", "save"}) {
    CAPTURE(name);
    CHECK(first.at("parts").at(name).at("seconds").get<double>() > 0);
  }
  CHECK(first.at("workers").at("read").at("seconds").get<double>() > 0);
  CHECK(profile.at("total").at("photos") == 96);
  CHECK(profile.at("peak").at("peak_fraction").get<double>() > 0);
  // A run that is gone on with is timed again, and its profile is of the last session.
  REQUIRE(session({"train", "--resume", session.scratch / "runs/profiled", "--epochs", "3"}).code == 0);
  const Json resumed = Json::parse(content_of(session.scratch / "runs/profiled/profile.json"));
  REQUIRE(resumed.at("epochs").size() == 1);
  CHECK(resumed.at("epochs").at(0).at("epoch") == 3);
}
