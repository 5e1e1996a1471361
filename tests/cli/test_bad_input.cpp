// Every kind of bad input: the right exit code, the file or key named, the next step said, nothing
// half-written.
#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// Trains on `data` into a project of its own; a refusal must leave no run there.
struct Attempt {
  explicit Attempt(const std::string& data, std::vector<std::string> more = {}) {
    const Session& session = Session::get();
    std::vector<std::string> arguments{"train", "--data", data, "--project", project.path() + "/runs", "--epochs", "1"};
    if (std::find(more.begin(), more.end(), "--recipe") == more.end())
      more.insert(more.begin(), {"--recipe", session.recipe});
    arguments.insert(arguments.end(), more.begin(), more.end());
    outcome = session(arguments);
  }
  void refused(int code, const std::vector<std::string>& parts) const {
    check_refused(outcome, code, parts);
    CHECK(names_in(project.path() + "/runs").empty());
  }
  void done(const std::vector<std::string>& parts) const {
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    for (const std::string& part : parts) {
      CAPTURE(part);
      CHECK(contains(outcome.err, part));
    }
  }
  Scratch project;
  Outcome outcome;
};

// A copy of the photos' training part as DIR/CLASS/*.jpg.
void copy_classes(const Scratch& target) {
  fs::copy(Session::get().photos + "/train", target.path(), fs::copy_options::recursive);
}

std::string a_photo() {
  for (const auto& entry : fs::directory_iterator(Session::get().photos + "/test/Car"))
    return content_of(entry.path().string());
  return "";
}

// The small recipe with one text replaced.
std::string recipe_with(const Scratch& scratch, const std::string& from, const std::string& to) {
  std::string recipe = small_recipe();
  const auto at = recipe.find(from);
  REQUIRE(at != std::string::npos);
  return scratch.write("changed.json", recipe.replace(at, from.size(), to));
}

}  // namespace

TEST_CASE("Data that is missing, empty or of one class only is refused") {
  const Scratch scratch;
  Attempt(scratch / "none").refused(4, {scratch / "none", "name a folder of photos"});
  Attempt(scratch.path()).refused(4, {scratch.path(), "holds no photos", "DIR/CLASS/*.jpg"});
  fs::create_directories(scratch / "empty/train/Car");
  Attempt(scratch / "empty").refused(4, {"holds no photos"});
  Attempt(scratch.write("list.txt", "x")).refused(4, {"list.txt, line 1: the label is empty", "path,label"});
  Attempt(Session::get().photos + "/test/Car").refused(4, {"holds photos but no class folders"});
  fs::create_directories(scratch / "one");
  fs::copy(Session::get().photos + "/test/Car", scratch / "one/Car");
  Attempt(scratch / "one").refused(4, {scratch / "one", "one class only, 'Car'"});
}

TEST_CASE("Bad images are named and skipped in training; --strict refuses them") {
  const Scratch data;
  copy_classes(data);
  data.write("Car/empty.jpg", "");
  data.write("Car/text.jpg", "this is not a picture\n");
  data.write("Truck/cut.jpg", a_photo().substr(0, 400));
  const Attempt attempt(data.path());
  attempt.done({"skipped Car/empty.jpg: ", "skipped Car/text.jpg: ", "skipped Truck/cut.jpg: "});
  std::vector<std::string> skipped;
  const Json listed = Json::parse(content_of(attempt.project / "runs/train/data.json"));
  for (const char* split : {"train", "valid"})
    for (const Json& file : listed[split]["skipped"]) skipped.push_back(file["path"]);
  std::sort(skipped.begin(), skipped.end());
  CHECK(skipped == std::vector<std::string>{"Car/empty.jpg", "Car/text.jpg", "Truck/cut.jpg"});
  Attempt(data.path(), {"--strict"}).refused(4, {"--strict", ".jpg"});
}

TEST_CASE("A folder of mostly bad images is refused") {
  const Scratch data;
  for (const char* name : {"a/1.jpg", "a/2.jpg", "a/3.png", "b/1.jpg", "b/2.gif", "b/3.webp"}) data.write(name, "text");
  Attempt(data.path()).refused(4, {"more than half"});
}

TEST_CASE("A recipe that is unknown, unreadable or no JSON is refused") {
  const Scratch scratch;
  const std::string photos = Session::get().photos;
  Attempt(photos, {"--recipe", "car-or-truck-convet"})
      .refused(2, {"unknown recipe 'car-or-truck-convet'; did you mean 'car-or-truck-convnet'?"});
  Attempt(photos, {"--recipe", scratch / "none.json"}).refused(2, {"none.json", "there is no such file"});
  Attempt(photos, {"--recipe", scratch.write("broken.json", "{\"data\": ")})
      .refused(2, {"broken.json", "not valid JSON", "line 1"});
  Attempt(photos, {"--recipe", scratch.write("empty.json", "{}")}).refused(2, {"empty.json", "model: must be given"});
  Attempt(photos, {"--recipe", scratch.write("list.json", "[]")}).refused(2, {"list.json", "must be a JSON object"});
}

TEST_CASE(
    "An unknown layer kind, key, optimizer or word in a recipe is refused with its place and the nearest "
    "name") {
  const Scratch scratch;
  const std::string photos = Session::get().photos;
  const auto refused = [&](const std::string& from, const std::string& to, const std::vector<std::string>& parts) {
    Attempt(photos, {"--recipe", recipe_with(scratch, from, to)}).refused(2, parts);
  };
  refused("\"max_pool2d\"", "\"maxpool2d\"",
          {"model.layers[2]", "unknown layer kind 'maxpool2d'; did you mean 'max_pool2d'?"});
  refused("\"filters\"", "\"filter\"", {"model.layers[0] (conv2d)", "unknown key 'filter'; did you mean 'filters'?"});
  refused("\"epochs\"", "\"epoch\"", {"changed.json: train", "unknown key 'epoch'; did you mean 'epochs'?"});
  refused("\"imgsz\"", "\"imgsize\"", {"changed.json: data", "did you mean 'imgsz'?"});
  refused("\"train\"", "\"trian\"", {"changed.json", "unknown key 'trian'; did you mean 'train'?"});
  refused("\"lr\": 0.01", "\"optimizer\": \"rmspro\"", {"train.optimizer", "did you mean 'rmsprop'?"});
  refused("\"lr\": 0.01", "\"lr\": \"big\"", {"train.lr: must be a number"});
  refused("\"kind\": \"dense\"", "\"kind\": \"dense\", \"units\": 3", {"3 units, but there are 2 classes"});
}

TEST_CASE("A picture too small for the net is refused with layer and shape") {
  Attempt(Session::get().photos, {"--imgsz", "2"})
      .refused(2, {"max_pool2d", "does not fit its input of 8 channels of 1x1", "--imgsz"});
}

TEST_CASE("A model file that is none, is cut or damaged is refused") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string bytes = content_of(session.model), photos = session.photos + "/test";
  const auto refused = [&](const std::string& model, int code, const std::vector<std::string>& parts) {
    check_refused(session({"predict", photos, "--model", model}), code, parts);
    check_refused(session({"eval", "--data", session.photos, "--model", model, "-o", scratch / "out"}), code, parts);
    CHECK_FALSE(fs::exists(scratch / "out"));
  };
  refused(scratch / "none.pt", 2, {"none.pt", "there is no such file or run"});
  refused(scratch.write("text.pt", "hello"), 1, {"text.pt", "is not a model file"});
  refused(scratch.write("empty.pt", ""), 1, {"empty.pt", "is not a model file"});
  refused(scratch.write("cut.pt", bytes.substr(0, bytes.size() / 2)), 1, {"cut.pt", "truncated or damaged"});
  std::string flipped = bytes;
  // The first byte of the first weights: behind their name, four bytes and a number of Zs that mean nothing.
  const std::string name = "/data/0";
  REQUIRE(bytes.find(name) != std::string::npos);
  const size_t at = bytes.find_first_not_of('Z', bytes.find(name) + name.size() + 4);
  flipped[at] = static_cast<char>(flipped[at] ^ 1);
  const Outcome outcome = session({"summary", scratch.write("flipped.pt", flipped)});
  check_refused(outcome, 1, {"flipped.pt", "damaged"});
  refused(scratch.path(), 2, {"holds no best.pt"});
}

TEST_CASE("Without any run predict says how to get one") {
  const Session& session = Session::get();
  const Scratch scratch;
  Invocation invocation;
  invocation.folder = scratch.path();
  invocation.arguments = {"predict", session.photos + "/test"};
  check_refused(run_program(invocation), 2, {"there is no model yet", "cvtool train --data DIR"});
}

TEST_CASE("An output folder that cannot be written is named") {
  const Session& session = Session::get();
  const Scratch scratch;
  const std::string file = scratch.write("file", "x");
  for (const std::string& project : {file + "/runs", std::string("/proc/cvtool/runs")})
    check_refused(
        session({"train", "--data", session.photos, "--recipe", session.recipe, "--epochs", "1", "--project", project}),
        1, {"cannot make the folder", project});
  check_refused(session({"eval", "--data", session.photos, "--model", session.run, "-o", file + "/eval"}), 1,
                {file + "/eval"});
  check_refused(session({"export", "--model", session.run, "-o", file + "/x.pt"}), 1, {file + "/x.pt"});
  check_refused(session({"data", "sample", file + "/photos", "--train-per-class", "1", "--valid-per-class", "1",
                         "--test-per-class", "0"}),
                1, {file + "/photos"});
  CHECK(content_of(file) == "x");
}

TEST_CASE("A home folder that cannot be written hinders nothing") {
  const Session& session = Session::get();
  const Scratch scratch;
  for (const char* cache : {"auto", "disk"}) {
    Invocation invocation;
    invocation.folder = scratch.path();
    invocation.environment = {{"HOME", "/proc/nobody"}, {"XDG_CACHE_HOME", ""}, {"XDG_DATA_HOME", ""}};
    invocation.arguments = {"train",    "--data", session.photos, "--recipe", session.recipe,
                            "--epochs", "1",      "--cache",      cache};
    const Outcome outcome = run_program(invocation);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
  }
}

TEST_CASE("A train folder without a validation folder holds a part back and says so") {
  const Scratch data;
  fs::copy(Session::get().photos + "/train", data / "train", fs::copy_options::recursive);
  const Attempt attempt(data.path());
  attempt.done({"there is no validation split", "20 % of train"});
  const Json listed = Json::parse(content_of(attempt.project / "runs/train/data.json"));
  CHECK(listed["valid"]["count"].get<int>() + listed["train"]["count"].get<int>() == 48);
  CHECK(listed["valid"]["count"].get<int>() > 0);
}

TEST_CASE("Classes named train and test are taken for classes when the user says so, and asked about before") {
  const Scratch data;
  fs::copy(Session::get().photos + "/train/Car", data / "train");
  fs::copy(Session::get().photos + "/train/Truck", data / "test");
  Attempt(data.path()).refused(4, {"'test', 'train' hold photos but no class folders", "--classes test,train"});
  const Attempt attempt(data.path(), {"--classes", "train,test"});
  attempt.done({"'train' is taken as a class"});
  CHECK(Json::parse(content_of(attempt.project / "runs/train/data.json"))["classes"] == Json({"train", "test"}));
}

TEST_CASE("A device that is not there is refused with the reason") {
  const Session& session = Session::get();
  Attempt(session.photos, {"--device", "gpu0"}).refused(2, {"--device: unknown device 'gpu0'"});
  if (fs::exists("/dev/nvidia0")) {
    MESSAGE("skipped: this machine has a GPU");
    return;
  }
  Attempt(session.photos, {"--device", "cuda"}).refused(2, {"--device cuda", "no CUDA device", "--device cpu"});
  const std::vector<std::vector<std::string>> commands{{"predict", session.photos},
                                                       {"export", "--format", "onnx"},
                                                       {"export", "--format", "safetensors"},
                                                       {"explain", "--embed", session.photos},
                                                       {"explain", "--layer", "all", session.photos}};
  for (std::vector<std::string> command : commands) {
    CAPTURE(command[0]);
    command.insert(command.end(), {"--model", session.run, "--device", "cuda:1"});
    check_refused(session(command), 2, {"--device cuda:1", "--device cpu"});
  }
}

TEST_CASE("A loss that becomes NaN ends the run with what to do; the best model so far is kept and usable") {
  const Session& session = Session::get();
  const Scratch scratch;
  // Three layers in a row, one step an epoch: the weights grow faster with every step.
  const std::string recipe = scratch.write("diverging.json", R"({"data": {"imgsz": 16}, "model": {"layers": [
      {"kind": "flatten"}, {"kind": "dense", "units": 16}, {"kind": "dense", "units": 16}, {"kind": "dense"}]},
      "train": {"batch": 512, "optimizer": "sgd"}})");
  Invocation invocation;
  invocation.folder = scratch.path();
  invocation.arguments = {"train", "--data", session.photos, "--recipe", recipe, "--epochs", "50", "--lr", "100"};
  const Outcome outcome = run_program(invocation);
  check_refused(outcome, 1,
                {"loss became", "try a smaller --lr (it was 100", "the best model so far", "runs/train/best.pt"});
  CHECK(contains(outcome.err, "Epoch  1/50"));
  invocation.arguments = {"predict", session.photos + "/test"};
  CHECK(run_program(invocation).code == 0);
  invocation.arguments = {"train", "--data", session.photos, "--lr", "1e30"};
  check_refused(run_program(invocation), 2, {"--lr", "out of range"});
}
