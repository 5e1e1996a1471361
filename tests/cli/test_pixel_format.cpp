// Photos of one channel and of 16 bits, through the built program.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "cli/transfer_runs.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

using Words = std::vector<std::string>;

Words together(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// Grey and deep copies of the session's photos; see make_formats.py.
const Scratch& formats() {
  static const Scratch kFolder;
  static const bool kMade = [] {
    Invocation python;
    python.program = CVTOOL_PYTHON;
    python.arguments = {std::string(CVTOOL_TESTS_FOLDER) + "/cli/make_formats.py", Session::get().photos,
                        kFolder.path()};
    const Outcome made = run_program(python);
    INFO(made.err);
    return made.code == 0;
  }();
  REQUIRE(kMade);
  return kFolder;
}

// All that it sees are differences of less than a byte.
std::string deep_recipe() {
  return R"({
    "name": "deep",
    "data": {"imgsz": 32, "channels": 1, "depth": 16},
    "model": {"preprocess": {"offset": -120}, "layers": [{"kind": "flatten"}, {"kind": "dense"}]},
    "train": {"epochs": 10, "batch": 16, "lr": 0.01}})";
}

Outcome trained(const Words& words) { return Session::get()(together({"train"}, words)); }

// A run of one channel, of the session's recipe.
const std::string& grey_run() {
  static const std::string kRun = [] {
    const Session& session = Session::get();
    const Outcome outcome =
        trained({"--data", session.photos, "--recipe", session.recipe, "--channels", "1", "--name", "grey"});
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    return session.scratch / "runs/grey";
  }();
  return kRun;
}

Json first_answers(const std::string& model, const std::string& photos) {
  Json answers = Json::array();
  for (const Json& line : json_lines(Session::get()({"predict", photos, "--model", model, "--json"}).out))
    answers.push_back(line["probabilities"]);
  return answers;
}

double largest_difference_of(const Json& a, const Json& b) {
  REQUIRE(!a.empty());
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i)
    for (const auto& [name, value] : a[i].items())
      largest = std::max(largest, std::abs(value.get<double>() - b[i][name].get<double>()));
  return largest;
}

// Exports the run in a form, and compares what the file says of photos with what the run says.
void check_export(const std::string& run, const std::string& photos, const Words& form) {
  const Session& session = Session::get();
  const std::string kind = form.at(0);
  const std::string file = session.scratch / ("exported-" + kind +
                                              (kind == "onnx"          ? ".onnx"
                                               : kind == "header"      ? ".h"
                                               : kind == "safetensors" ? ".safetensors"
                                                                       : ".pt"));
  const Outcome outcome = session(together({"export", "--model", run, "--json", "-o", file, "--format"}, form));
  CAPTURE(kind);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  for (const Json& check : Json::parse(outcome.out)["checks"])
    if (check["refused"] == "") CHECK(check["difference"].get<double>() < 1e-4);
  if (kind == "header") {
    CHECK(contains(content_of(file), "x 1 "));
    return;
  }
  CHECK(largest_difference_of(first_answers(file, photos), first_answers(run, photos)) < 1e-4);
  CHECK(session({"verify", file}).code == 0);
}

}  // namespace

TEST_CASE("--channels 1 trains a net of one input channel, and eval, predict, verify and summary follow") {
  const Session& session = Session::get();
  const std::string& run = grey_run();
  CHECK(Json::parse(content_of(run + "/config.json"))["data"]["channels"] == 1);
  CHECK(Json::parse(content_of(session.run + "/config.json"))["data"]["channels"] == 3);
  const Json summary = Json::parse(session({"summary", run, "--json", "--macs"}).out);
  CHECK(summary["channels"] == 1);
  CHECK(summary["layers"][0]["trainable"] == 8 * 9);
  CHECK(Json::parse(session({"summary", session.run, "--json"}).out)["layers"][0]["trainable"] == 3 * 8 * 9);
  const Json of_recipe = Json::parse(session({"summary", session.recipe, "--channels", "1", "--json"}).out);
  CHECK(of_recipe["layers"][0]["trainable"] == 8 * 9);
  CHECK(contains(session({"summary", run}).out, ", grey"));
  const Json eval =
      Json::parse(session({"eval", "--data", session.photos, "--model", run, "--json", "--tta", "2"}).out);
  CHECK(eval["metrics"]["count"] == 18);
  CHECK(fs::exists(run + "/report.html"));
  CHECK(session({"verify", run}).code == 0);
  // Photos in colour and their grey copies are the same to it.
  CHECK(largest_difference_of(first_answers(run, session.photos + "/test/Car"),
                              first_answers(run, formats() / "grey/test/Car")) == 0);
}

TEST_CASE("A model of one channel is exported in every format, and gives what the run gives") {
  const Session& session = Session::get();
  const std::string photos = session.photos + "/test";
  for (const Words& form : std::vector<Words>{{"torchscript"},
                                              {"torchscript", "--with-resize"},
                                              {"onnx"},
                                              {"onnx", "--with-resize"},
                                              {"safetensors"},
                                              {"header", "--with-resize"}}) {
    check_export(grey_run(), photos, form);
  }
  const Outcome half = session({"export", "--model", grey_run(), "--format", "onnx", "--precision", "fp16", "-o",
                                session.scratch / "grey16.onnx", "--verify-data", session.photos});
  CAPTURE(half.err);
  CHECK(half.code == 0);
}

TEST_CASE("A model of one channel is explained, and its pictures are drawn") {
  const Session& session = Session::get();
  const std::string photo = session.photos + "/test/Car";
  for (const Words& how : std::vector<Words>{{"--grad-cam"}, {"--grad-cam++"}, {"--occlusion"}}) {
    CAPTURE(how[0]);
    const std::string file = session.scratch / ("grey" + how[0] + ".png");
    const Outcome outcome = session(together({"explain", photo, "--model", grey_run(), "-o", file}, how));
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    CHECK(fs::file_size(file) > 1000);
  }
  const std::string map = session.scratch / "grey-map.png";
  CHECK(session({"explain", "--embed", session.photos, "--model", grey_run(), "-o", map}).code == 0);
  CHECK(fs::file_size(map) > 1000);
  const Json kernels =
      Json::parse(session({"explain", "--model", grey_run(), "--layer", "conv2d", "--kernels", "--json"}).out);
  CHECK(kernels["shape"] == Json({8, 1, 3, 3}));
}

TEST_CASE("A run of one channel goes on with --from and --resume, and not with other channels") {
  const Session& session = Session::get();
  const Words on{"--data", session.photos, "--from", grey_run(), "--epochs", "1"};
  const Outcome from = trained(together(on, {"--name", "grey-on"}));
  CAPTURE(from.err);
  CHECK(from.code == 0);
  CHECK(Json::parse(content_of(session.scratch / "runs/grey-on/config.json"))["data"]["channels"] == 1);
  check_refused(trained(together(on, {"--channels", "3"})), 2, {"sees photos in 1 channel", "leave --channels out"});
  const Outcome resumed = trained({"--resume", grey_run(), "--epochs", "3"});
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  check_refused(trained({"--resume", grey_run(), "--epochs", "4", "--channels", "3"}), 2,
                {"settings.data.channels was 1 and is now 3"});
}

TEST_CASE("What has no meaning for grey photos, or for any, is refused with what to do") {
  const Session& session = Session::get();
  const Words grey{"--data", session.photos, "--recipe", session.recipe, "--channels", "1"};
  for (const char* kind : {"hue", "saturation", "grayscale"})
    check_refused(trained(together(grey, {"--augment", std::string("flip,") + kind})), 2,
                  {std::string("random_") + kind, "channels 1", "leave it out"});
  check_refused(trained({"--data", session.photos, "--channels", "2"}), 2, {"--channels: must be 1 or 3, not 2"});
  check_refused(trained({"--data", session.photos, "--depth", "12"}), 2, {"--depth: must be 8 or 16, not 12"});
}

TEST_CASE("A preview of grey photos shows them grey") {
  const Session& session = Session::get();
  const std::string file = session.scratch / "grey-sheet.png";
  const Outcome outcome = session({"data", "preview", session.photos, "-o", file, "--recipe", session.recipe,
                                   "--channels", "1", "--augment", "flip,randaugment"});
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(fs::file_size(file) > 1000);
}

TEST_CASE("On a base, one channel gives what grey files give without it") {
  const std::string backbone = transfer::Bases::get() / "traced.pt", grey = formats() / "grey";
  const auto run = [&](const std::string& name, const Words& more) {
    const Outcome outcome = trained(together({"--data", grey, "--base", backbone, "--name", name, "--imgsz", "32",
                                              "--epochs", "2", "--batch", "16", "--precision", "fp32"},
                                             more));
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    return transfer::history(name);
  };
  CHECK(run("grey-files", {}) == run("one-channel", {"--channels", "1"}));
  CHECK(largest_difference_of(first_answers("runs/grey-files", grey + "/test"),
                              first_answers("runs/one-channel", grey + "/test")) == 0);
  check_export("runs/one-channel", grey + "/test", {"onnx"});
}

TEST_CASE("With --depth 16 a net learns from what lies between bytes; with 8 it cannot") {
  const Session& session = Session::get();
  const std::string deep = formats() / "deep";
  const Words words{"--data", deep, "--recipe", session.scratch.write("deep.json", deep_recipe())};
  const auto accuracy = [&](const std::string& name, const Words& more) {
    const Outcome outcome = trained(together(together(words, {"--name", name}), more));
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    return Json::parse(content_of(session.scratch / ("runs/" + name + "/metrics.json")))["metrics"]["accuracy"]
        .get<double>();
  };
  CHECK(accuracy("deep", {}) > 0.95);
  CHECK(accuracy("deep-varied", {"--augment", "flip,translation=0.1"}) > 0.9);
  CHECK(accuracy("shallow", {"--depth", "8"}) == 0.5);
  const std::string run = session.scratch / "runs/deep", photos = deep + "/test";
  const Json eval = Json::parse(session({"eval", "--data", deep, "--model", run, "--json", "--tta", "2"}).out);
  CHECK(eval["metrics"]["count"] == 12);
  for (const Words& form : std::vector<Words>{{"torchscript"}, {"onnx"}, {"onnx", "--with-resize"}, {"header"}})
    check_export(run, photos, form);
  const Outcome heat =
      session({"explain", photos + "/Dim", "--occlusion", "--model", run, "-o", session.scratch / "deep.png"});
  CAPTURE(heat.err);
  CHECK(heat.code == 0);
}
