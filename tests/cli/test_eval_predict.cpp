#include <cmath>
#include <csignal>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// The fraction of lines whose class is the folder that the photo lies in.
double accuracy_of(const std::vector<Json>& lines) {
  int64_t right = 0;
  for (const Json& line : lines)
    right += fs::path(line["path"].get<std::string>()).parent_path().filename() == line["class"].get<std::string>();
  return static_cast<double>(right) / static_cast<double>(lines.size());
}

double log_loss_of(const std::vector<Json>& lines) {
  double sum = 0;
  for (const Json& line : lines)
    sum -= std::log(line["probabilities"][fs::path(line["path"].get<std::string>()).parent_path().filename().string()]
                        .get<double>());
  return sum / static_cast<double>(lines.size());
}

// eval of `split` and predict over the same files.
void check_predict_equals_eval(const std::string& data, const std::string& split, const std::string& model) {
  const Session& session = Session::get();
  const Outcome eval = session(
      {"eval", "--data", data, "--split", split, "--model", model, "--json", "-o", session.scratch / "compared"});
  CAPTURE(eval.err);
  REQUIRE(eval.code == 0);
  const Json metrics = Json::parse(eval.out)["metrics"];
  const auto lines = json_lines(session({"predict", data + "/" + split, "--model", model, "--json"}).out);
  CHECK(metrics["count"] == lines.size());
  CHECK(metrics["accuracy"].get<double>() == accuracy_of(lines));
  CHECK(metrics["loss"].get<double>() == doctest::Approx(log_loss_of(lines)).epsilon(1e-5));
}

}  // namespace

TEST_CASE("eval prints one JSON document and writes it beside the model") {
  const Session& session = Session::get();
  const Outcome outcome = session({"eval", "--data", session.photos, "--model", session.run, "--json"});
  REQUIRE(outcome.code == 0);
  const Json document = Json::parse(outcome.out);
  CHECK(document["split"] == "test");
  CHECK(document["metrics"]["count"] == 18);
  CHECK(document["metrics"]["accuracy"].is_number());
  CHECK(document["metrics"]["loss"].is_number());
  CHECK(Json::parse(content_of(session.run + "/eval-test/metrics.json")) == document);
}

TEST_CASE("The metrics that training ends with are eval's for best.pt") {
  const Session& session = Session::get();
  const Outcome outcome = session({"eval", "--data", session.photos, "--model", session.model, "--split", "valid",
                                   "--json", "-o", session.scratch / "valid"});
  REQUIRE(outcome.code == 0);
  CHECK(Json::parse(outcome.out)["metrics"] == Json::parse(content_of(session.run + "/metrics.json"))["metrics"]);
  CHECK(fs::exists(session.scratch / "valid/metrics.json"));
}

TEST_CASE("eval without --model uses the newest run, and its table is for people") {
  const Session& session = Session::get();
  const Outcome outcome = session({"eval", "--data", session.photos, "-o", session.scratch / "newest"});
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.out, "accuracy"));
  check_refused(session({"eval", "--data", session.photos, "--split", "vaild"}), 2,
                {"unknown split 'vaild'; did you mean 'valid'?"});
}

TEST_CASE("predict gives a JSON line per image, in the order of the paths") {
  const Session& session = Session::get();
  const Outcome outcome =
      session({"predict", session.photos + "/test", "--model", session.run, "--json", "--top", "2"});
  REQUIRE(outcome.code == 0);
  const auto lines = json_lines(outcome.out);
  REQUIRE(lines.size() == 18);
  std::vector<std::string> paths;
  for (const Json& line : lines) {
    paths.push_back(line["path"]);
    const double car = line["probabilities"]["Car"], truck = line["probabilities"]["Truck"];
    CHECK(car + truck == doctest::Approx(1).epsilon(1e-6));
    CHECK(line["class"] == (car >= truck ? "Car" : "Truck"));
    CHECK(line["probability"].get<double>() == std::max(car, truck));
    CHECK(line["top"].size() == 2);
    CHECK(line["top"][1]["probability"].get<double>() == std::min(car, truck));
  }
  CHECK(std::is_sorted(paths.begin(), paths.end()));
}

TEST_CASE("CSV and text say the same as JSON") {
  const Session& session = Session::get();
  const std::string photo =
      json_lines(session({"predict", session.photos + "/test", "--model", session.run, "--json"}).out)[0]["path"];
  const Json line = json_lines(session({"predict", photo, "--model", session.run, "--json"}).out).at(0);
  const Outcome csv = session({"predict", photo, "--model", session.run, "--csv"});
  CHECK(csv.out == "path,class,probability,Car,Truck,error\n" + photo + "," + line["class"].get<std::string>() + "," +
                       line["probability"].dump() + "," + line["probabilities"]["Car"].dump() + "," +
                       line["probabilities"]["Truck"].dump() + ",\n");
  const Outcome text = session({"predict", photo, "--model", session.run});
  CHECK(text.out.rfind(photo + ": " + line["class"].get<std::string>() + " 0.", 0) == 0);
}

TEST_CASE("predict equals eval") {
  const Session& session = Session::get();
  for (const char* split : {"train", "valid", "test"}) check_predict_equals_eval(session.photos, split, session.run);
}

TEST_CASE("predict and eval write the same bytes for any --threads, --batch, --workers, and photos beside") {
  const Session& session = Session::get();
  const std::string photos = session.photos + "/test";
  const std::string first = session({"predict", photos, "--model", session.run, "--json"}).out;
  const auto eval = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> arguments{"eval",      "--data", session.photos, "--model",
                                       session.run, "--json", "-o",           session.scratch / "same"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return session(arguments).out;
  };
  const std::string document = eval({});
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--threads", "1", "-b", "1"},
                                                {"--threads", "2", "-b", "7", "--workers", "1"},
                                                {"--threads", "3", "-b", "64"}}) {
    CAPTURE(flags[1]);
    std::vector<std::string> arguments{"predict", photos, "--model", session.run, "--json"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    CHECK(session(arguments).out == first);
    CHECK(eval(flags) == document);
  }
  const auto lines = json_lines(first);
  const std::string last = lines.back()["path"], middle = lines[7]["path"];
  CHECK(session({"predict", last, middle, "--model", session.run, "--json"}).out ==
        lines.back().dump() + "\n" + lines[7].dump() + "\n");
}

TEST_CASE("predict equals eval where large JPEG files are decoded at reduced scale") {
  const Session& session = Session::get();
  REQUIRE(session({"data", "sample", "large", "--train-per-class", "8", "--valid-per-class", "8", "--test-per-class",
                   "0", "--size", "320"})
              .code == 0);
  REQUIRE(session({"train", "--data", "large", "--recipe", session.recipe, "--interpolation", "area", "--resize",
                   "crop", "--name", "area"})
              .code == 0);
  check_predict_equals_eval(session.scratch / "large", "valid", "runs/area");
}

TEST_CASE("Two sigmoid units give probabilities that sum to 1, and their own sigmoids with --raw") {
  const Session& session = Session::get();
  session.scratch.write("two.json", R"({
    "name": "two", "data": {"imgsz": 16}, "model": {"preprocess": "unit", "layers": [
      {"kind": "flatten"}, {"kind": "dense", "units": 2, "activation": "sigmoid"}]}, "train": {"epochs": 1}})");
  const std::string photos = session.photos + "/test";
  REQUIRE(
      session({"train", "--data", session.photos, "--recipe", session.scratch / "two.json", "--name", "two"}).code ==
      0);
  const auto plain = json_lines(session({"predict", photos, "--model", "runs/two", "--json"}).out);
  for (const std::string tta : {"none", "flip"}) {
    const auto raw =
        json_lines(session({"predict", photos, "--model", "runs/two", "--json", "--raw", "--tta", tta}).out);
    REQUIRE(raw.size() == plain.size());
    for (size_t i = 0; i < raw.size(); ++i) {
      const auto odds = [](const Json& line, const char* name) {
        const double p = line["probabilities"][name].get<double>();
        return std::log(p / (1 - p));
      };
      const Json& p = plain[i]["probabilities"];
      CHECK(p["Car"].get<double>() + p["Truck"].get<double>() == doctest::Approx(1).epsilon(1e-6));
      if (tta != "none") continue;
      CHECK(raw[i]["class"] == plain[i]["class"]);
      CHECK(odds(raw[i], "Truck") - odds(raw[i], "Car") == doctest::Approx(odds(plain[i], "Truck")).epsilon(1e-3));
    }
  }
  const Outcome refused = session({"predict", photos, "--model", session.model, "--raw"});
  CHECK(refused.code == 2);
  CHECK(contains(refused.err, "no head of several sigmoid units"));
  CHECK(refused.out.empty());
}

TEST_CASE("An image that cannot be read is named; the others are answered") {
  const Session& session = Session::get();
  const Scratch mixed;
  fs::copy(session.photos + "/test/Car", mixed / "a");
  mixed.write("b.jpg", "");
  mixed.write("c.jpg", "this is text\n");
  for (const auto& entry : fs::directory_iterator(mixed / "a"))
    if (names_in(mixed.path()).count("d.jpg") == 0)
      mixed.write("d.jpg", content_of(entry.path().string()).substr(0, 300));
  const Outcome json = session({"predict", mixed.path(), "--model", session.run, "--json"});
  CHECK(json.code == 4);
  CHECK(contains(json.err, "3 images could not be read"));
  const auto lines = json_lines(json.out);
  REQUIRE(lines.size() == 12);
  for (const Json& line : lines) {
    const bool bad =
        contains(line["path"], "b.jpg") || contains(line["path"], "c.jpg") || contains(line["path"], "d.jpg");
    CAPTURE(line.dump());
    CHECK(line.contains("error") == bad);
    CHECK(line.contains("class") != bad);
  }
  const Outcome csv = session({"predict", mixed / "b.jpg", "--model", session.run, "--csv"});
  CHECK(csv.code == 4);
  CHECK(contains(csv.out, "b.jpg,,,,,"));
  CHECK(contains(session({"predict", mixed / "c.jpg", "--model", session.run}).out, "c.jpg: error: "));
}

TEST_CASE("A missing path and a folder without images are rows with an error") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string good =
      json_lines(session({"predict", session.photos + "/test", "--model", session.run, "--json"}).out)[0]["path"];
  const Outcome outcome =
      session({"predict", scratch / "none.jpg", good, scratch.path(), "--model", session.run, "--json"});
  CHECK(outcome.code == 4);
  CHECK(contains(outcome.err, "2 images could not be read"));
  const auto lines = json_lines(outcome.out);
  REQUIRE(lines.size() == 3);
  CHECK(contains(lines[0]["error"], "there is no such file"));
  CHECK(lines[1].contains("class"));
  CHECK(contains(lines[2]["error"], "holds no image"));
}

TEST_CASE("predict refuses pictures above --max-pixels, whatever the number of workers") {
  const Session& session = Session::get();
  for (const char* workers : {"1", "3"}) {
    const Outcome outcome = session({"predict", session.photos + "/test/Car", "--model", session.run, "--json",
                                     "--max-pixels", "2239", "--workers", workers});
    CHECK(outcome.code == 4);
    const auto lines = json_lines(outcome.out);
    REQUIRE(lines.size() == 9);
    for (const Json& line : lines) CHECK(contains(line["error"], "more than the limit of 2,239"));
  }
  CHECK(session({"predict", session.photos + "/test/Car", "--model", session.run, "--max-pixels", "2240"}).code == 0);
}

TEST_CASE(
    "Paths come from standard input too, separated by newlines or NUL, and a photo may be standard input itself") {
  const Session& session = Session::get();
  const auto paths = [&](const std::string& out) {
    std::vector<std::string> list;
    for (const Json& line : json_lines(out)) list.push_back(line["path"]);
    return list;
  };
  const auto all = paths(session({"predict", session.photos + "/test", "--model", session.run, "--json"}).out);
  for (const bool null_separated : {false, true}) {
    Invocation invocation;
    invocation.folder = session.scratch.path();
    invocation.arguments = {"predict", "-", "--model", session.run, "--json"};
    if (null_separated) invocation.arguments.emplace_back("-0");
    for (const std::string& path : all) invocation.input += path + (null_separated ? '\0' : '\n');
    const Outcome outcome = run_program(invocation);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    CHECK(paths(outcome.out) == all);
  }
  Invocation invocation;
  invocation.folder = session.scratch.path();
  invocation.arguments = {"predict", "--stdin-image", "--model", session.run, "--json"};
  invocation.input = content_of(all[0]);
  const Json file = json_lines(session({"predict", all[0], "--model", session.run, "--json"}).out).at(0);
  const Json image = json_lines(run_program(invocation).out).at(0);
  CHECK(image["path"] == "-");
  CHECK(image["probabilities"] == file["probabilities"]);
}

TEST_CASE("Patterns are expanded where the shell did not") {
  const Session& session = Session::get();
  const auto lines =
      json_lines(session({"predict", session.photos + "/test/*/*.jpg", "--model", session.run, "--json"}).out);
  CHECK(lines.size() == 18);
  CHECK(session({"predict", session.photos + "/test/*.bmp", "--model", session.run}).code == 4);
}

TEST_CASE("Below the threshold a photo is unknown") {
  const Session& session = Session::get();
  const auto lines = json_lines(
      session({"predict", session.photos + "/test", "--model", session.run, "--json", "--threshold", "1"}).out);
  for (const Json& line : lines)
    CHECK(line["class"] == (line["probability"].get<double>() < 1 ? "unknown" : line["class"]));
  CHECK(lines.at(0)["class"] == "unknown");
}

TEST_CASE("Photos are sorted into folders by class without overwriting, and drawn with their labels") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::vector<std::string> command{"predict",     session.photos + "/test", "--model", session.run,
                                         "--sort-into", scratch / "sorted",       "--draw",  scratch / "drawn"};
  const auto count = [](const std::string& folder) {
    size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) files += entry.is_regular_file();
    return files;
  };
  for (int turn = 0; turn < 2; ++turn) {
    const Outcome outcome = session(command);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    CHECK(count(scratch / "sorted") == 18);
    CHECK(count(scratch / "drawn") == 18);
  }
}

TEST_CASE("predict --draw replaces no photo, also where the photos lie") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string photo = content_of(session.photos + "/test/Car/car_00001.jpg"),
                    other = content_of(session.photos + "/test/Car/car_00002.jpg");
  scratch.write("a.jpg", photo);
  scratch.write("a-2.jpg", other);
  scratch.write("a.png", other);
  Invocation invocation;
  invocation.folder = scratch.path();
  invocation.arguments = {"predict", "a.jpg", "a-2.jpg", "a.png", "--draw", ".", "--model", session.run};
  for (int turn = 0; turn < 2; ++turn) {
    const Outcome outcome = run_program(invocation);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    CHECK((content_of(scratch / "a.jpg") == photo));
    CHECK((content_of(scratch / "a-2.jpg") == other));
    CHECK((content_of(scratch / "a.png") == other));
    CHECK(names_in(scratch.path()) ==
          std::set<std::string>{"a.jpg", "a-2.jpg", "a.png", "a-2-2.jpg", "a-3.jpg", "a-4.jpg"});
  }
}

TEST_CASE("What predict writes may not lie in the folder that it watches") {
  const Scratch scratch;
  const Session& session = Session::get();
  for (const char* flag : {"--draw", "--sort-into"})
    for (const std::string& folder : {scratch.path(), scratch / "in/out", scratch / "other/../in"})
      check_refused(session({"predict", "--watch", scratch.path() + "/", flag, folder}), 2,
                    {flag, "lies in the watched folder", "outside"});
  check_refused(
      session({"predict", "--watch", scratch / "none", "--draw", scratch / "nonetheless", "--model", session.run}), 4,
      {"no such folder to watch"});
}

TEST_CASE("A photo that cannot be drawn or sorted gets a line with the reason; the others are answered") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string photo = session.photos + "/test/Car/car_00001.jpg";
  fs::create_directory(scratch / "in");
  fs::copy_file(photo, scratch / ("in/" + std::string(246, 'a') + ".jpg"));
  fs::copy_file(photo, scratch / "in/b.jpg");
  for (const char* flag : {"--draw", "--sort-into"}) {
    CAPTURE(flag);
    const Outcome outcome =
        session({"predict", scratch / "in", "--model", session.run, "--json", flag, scratch / "out"});
    CAPTURE(outcome.err);
    CHECK(outcome.code == 4);
    const auto lines = json_lines(outcome.out);
    REQUIRE(lines.size() == 2);
    CHECK(contains(lines[0]["error"], "too long"));
    CHECK(lines[1].contains("class"));
  }
  check_refused(session({"predict", photo, "--model", session.run, "--draw", photo}), 1, {"cannot make the folder"});
}

TEST_CASE("Ctrl-C ends predict --stdin-image while nothing comes in") {
  const Session& session = Session::get();
  const Scratch scratch;
  Invocation invocation;
  invocation.folder = scratch.path();
  invocation.program = "/bin/sh";
  invocation.arguments = {"-c",
                          "mkfifo silent && exec 0<>silent && exec \"$0\" \"$@\"",
                          CVTOOL_PROGRAM,
                          "predict",
                          "--stdin-image",
                          "--model",
                          session.run};
  // What has been read of the model is verified_files; then comes standard input.
  invocation.environment = {{"XDG_CACHE_HOME", scratch / "cache"}};
  RunningProgram program(invocation);
  REQUIRE(program.wait_until([&] { return fs::exists(scratch / "cache/cvtool/verified.txt"); }));
  program.send(SIGINT);
  const Outcome outcome = program.wait();
  CAPTURE(outcome.err);
  CHECK(contains(outcome.err, "stopping after this step"));
  CHECK(outcome.code == 130);
  CHECK(outcome.out.empty());
}

TEST_CASE("predict refuses the flags of commands that keep photos") {
  const Session& session = Session::get();
  for (const char* flag : {"--strict", "--cache=none", "--cache-budget=100"})
    check_refused(session({"predict", "x.jpg", flag}), 2,
                  {"unknown flag '" + std::string(flag).substr(0, std::string(flag).find('='))});
}

TEST_CASE("summary prints Keras's table for recipes and models") {
  const Session& session = Session::get();
  const Outcome recipe = session({"summary", "car-or-truck-convnet"});
  CHECK(recipe.code == 0);
  CHECK(contains(recipe.out, "Total params: 291,405"));
  CHECK(contains(recipe.out, "(None, 128, 128, 32)"));
  const Json json = Json::parse(session({"summary", "car-or-truck-convnet", "--json"}).out);
  CHECK(json["total"] == 291405);
  CHECK(json["layers"].size() == 9);
  CHECK(json["layers"][0]["output"] == Json({128, 128, 32}));
  const Json model = Json::parse(session({"summary", session.run, "--json"}).out);
  CHECK(model["classes"] == Json({"Car", "Truck"}));
  CHECK(model["non_trainable"] == 16);
}

TEST_CASE("export writes a file that predicts the same") {
  const Session& session = Session::get();
  const Outcome outcome = session({"export", "--model", session.run, "-o", session.scratch / "exported.pt", "--json"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(Json::parse(outcome.out)["checks"][0]["difference"].get<double>() < 1e-5);
  const auto model = json_lines(session({"predict", session.photos + "/test", "--model", session.run, "--json"}).out);
  const auto exported = json_lines(
      session({"predict", session.photos + "/test", "--model", session.scratch / "exported.pt", "--json"}).out);
  REQUIRE(exported.size() == model.size());
  for (size_t i = 0; i < model.size(); ++i)
    CHECK(exported[i]["probability"].get<double>() ==
          doctest::Approx(model[i]["probability"].get<double>()).epsilon(1e-5));
  check_refused(session({"export", "--model", session.run, "--format", "torchscrip", "-o", "x.pt"}), 2,
                {"did you mean 'torchscript'?"});
  check_refused(session({"export", "--model", session.run, "-o", session.model}), 2,
                {"best.pt", "is a file that this command reads"});
}

TEST_CASE("Paths with spaces, quotes and letters of all languages are printed as they are") {
  const Session& session = Session::get();
  const Scratch scratch;
  fs::copy(session.photos + "/test/Car", scratch / "Autos, \"grün\"");
  const std::string folder = scratch / "Autos, \"grün\"";
  const auto lines = json_lines(session({"predict", folder, "--model", session.run, "--json"}).out);
  REQUIRE(lines.size() == 9);
  CHECK(contains(lines[0]["path"], "Autos, \"grün\"/"));
  CHECK(contains(session({"predict", folder, "--model", session.run, "--csv"}).out, "Autos, \"\"grün\"\"/"));
}

TEST_SUITE_BEGIN("photos");

TEST_CASE("On real photos predict equals eval") {
  const char* data = std::getenv("CVTOOL_TEST_DATA");
  if (!data) {
    MESSAGE("skipped: CVTOOL_TEST_DATA is not set");
    return;
  }
  const Session& session = Session::get();
  const std::string photos = std::string(data) + "/datasets/cats_dogs";
  const Outcome training = session(
      {"train", "--data", photos, "--recipe", session.recipe, "--imgsz", "48", "--epochs", "1", "--name", "photos"});
  CAPTURE(training.err);
  REQUIRE(training.code == 0);
  check_predict_equals_eval(photos, "valid", "runs/photos");
}

TEST_SUITE_END();
