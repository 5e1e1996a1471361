// Models as weights without code (export --format safetensors), to every command that takes a model.
#include <algorithm>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// The session's model as safetensors, made once.
const std::string& exported() {
  static const std::string file = [] {
    const Session& session = Session::get();
    const std::string path = session.scratch / "kept.safetensors";
    const Outcome outcome =
        session({"export", "--model", session.run, "--format", "safetensors", "-o", path, "--json"});
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    const Json check = Json::parse(outcome.out)["checks"][0];
    CHECK(check["difference"] == 0);
    return path;
  }();
  return file;
}

// What a command that must succeed prints.
std::string printed(const std::vector<std::string>& arguments) {
  const Outcome outcome = Session::get()(arguments);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return outcome.out;
}

std::string answers(const std::string& model) {
  return printed({"predict", Session::get().photos + "/test", "--model", model, "--json"});
}

std::string padded_to_8(std::string text) {
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

// A safetensors file with this header and `bytes` of data.
std::string safetensors(const std::string& header, size_t bytes) {
  const std::string text = padded_to_8(header);
  std::string file;
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<char>(text.size() >> (8 * i) & 255));
  return file + text + std::string(bytes, '\0');
}

// Version 0.1.0's model on a base that Python made, exported by this one; it runs beside that base alone.
class OnBase {
 public:
  OnBase() {
    const std::string old = CVTOOL_TESTS_FOLDER "/compat/0.1.0/";
    fs::create_directories(bases);
    const Outcome outcome = run({"export", "--model", old + "runs/on-base", "--format", "safetensors", "-o", file});
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    told = outcome.err;
    expected = run({"predict", photos, "--model", old + "runs/on-base", "--json"}).out;
    REQUIRE_FALSE(expected.empty());
  }
  Outcome run(const std::vector<std::string>& arguments) const {
    Invocation invocation;
    invocation.arguments = arguments;
    invocation.folder = scratch.path();
    invocation.environment["XDG_DATA_HOME"] = scratch / "data";
    return run_program(invocation);
  }
  const Scratch scratch;
  const std::string bases = scratch / "data/cvtool/bases", file = scratch / "on-base.safetensors";
  const std::string base = CVTOOL_TESTS_FOLDER "/compat/0.1.0/base.pt",
                    photos = CVTOOL_TESTS_FOLDER "/compat/0.1.0/photos/valid";
  std::string told, expected;
};

}  // namespace

TEST_CASE("predict, eval, verify, summary and explain take weights without code as they take the run's model") {
  const Session& session = Session::get();
  const std::string& file = exported();
  CHECK(answers(file) == answers(session.run));
  const auto measured = [&](const std::string& model) {
    return Json::parse(
        printed({"eval", "--data", session.photos, "--model", model, "--json", "-o", session.scratch / "e"}));
  };
  const Json of_weights = measured(file), of_run = measured(session.run);
  CHECK(of_weights["metrics"] == of_run["metrics"]);
  CHECK(of_weights["model_digest"].get<std::string>().size() == 64);
  CHECK(of_weights["model_digest"] != of_run["model_digest"]);
  const Json verified = Json::parse(printed({"verify", file, "--json"}));
  CHECK(verified["good"] == true);
  CHECK(verified["checks"][1]["detail"] == of_weights["model_digest"]);
  CHECK(verified["claims"] == Json::parse(printed({"verify", session.run, "--json"}))["claims"]);
  const auto table = [&](const std::string& model) {
    Json summary = Json::parse(printed({"summary", model, "--macs", "--json"}));
    summary.erase("name");
    return summary;
  };
  CHECK(table(file) == table(session.model));
  const std::string photo = session.photos + "/test/Car/car_00001.jpg";
  for (const std::string& model : {file, session.model})
    printed({"explain", photo, "--grad-cam", "--model", model, "-o",
             session.scratch / (fs::path(model).extension().string() + ".png")});
  CHECK(content_of(session.scratch / ".pt.png") == content_of(session.scratch / ".safetensors.png"));
  CHECK(session(
            {"eval", "--data", session.photos, "--model", session.run, "--baseline", file, "-o", session.scratch / "e"})
            .code == 0);
}

TEST_CASE("Training goes on from weights without code as from the model, and other formats are exported from them") {
  const Session& session = Session::get();
  const auto history_from = [&](const std::string& model, const std::string& name) {
    printed(
        {"train", "--from", model, "--data", session.photos, "--epochs", "2", "--precision", "fp32", "--name", name});
    return timeless(content_of(session.scratch / ("runs/" + name + "/history.csv")));
  };
  CHECK(history_from(exported(), "from-weights") == history_from(session.model, "from-model"));
  CHECK(answers(session.scratch / "runs/from-weights") == answers(session.scratch / "runs/from-model"));
  printed({"export", "--model", exported(), "-o", session.scratch / "from-weights.pt"});
  printed({"export", "--model", session.run, "-o", session.scratch / "from-model.pt"});
  CHECK(answers(session.scratch / "from-weights.pt") == answers(session.scratch / "from-model.pt"));
  const std::string again = session.scratch / "again.safetensors";
  printed({"export", "--model", exported(), "--format", "safetensors", "-o", again});
  CHECK(content_of(again) == content_of(exported()));
}

TEST_CASE("A temperature that is fitted to weights without code is stored in them") {
  const Session& session = Session::get();
  const std::string file = session.scratch / "calibrated.safetensors", model = session.scratch / "calibrated.pt";
  fs::copy_file(exported(), file);
  fs::copy_file(session.model, model);
  const auto calibrate = [&](const std::string& which) {
    return session({"eval", "--data", session.photos, "--model", which, "--calibrate", "temperature", "-o",
                    session.scratch / "e"});
  };
  const Outcome of_model = calibrate(model);
  CAPTURE(of_model.err);
  REQUIRE(of_model.code == 0);
  CHECK(calibrate(file).code == 0);
  CHECK(content_of(file).compare(8, 1, "{") == 0);
  CHECK(answers(file) == answers(model));
  CHECK(answers(file) != answers(session.model));
  CHECK(Json::parse(printed({"verify", file, "--json"}))["good"] == true);
}

TEST_CASE("What is no model among safetensors files is refused by every command, with the reason and exit code 1") {
  const Session& session = Session::get();
  const std::string whole = content_of(exported());
  const std::string timm =
      R"({"__metadata__":{"format":"pt"},"conv_stem.weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const std::string bare = R"({"features.0.weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  std::string flipped = whole;
  flipped[whole.size() - 40] = static_cast<char>(flipped[whole.size() - 40] ^ 16);
  const std::vector<std::pair<std::string, std::string>> files{
      {safetensors(timm, 8), "holds weights without a net (its metadata lack 'cvtool.json')"},
      {safetensors(bare, 8), "holds weights without a net"},
      {whole.substr(0, whole.size() - 100), "lies beyond the end of the file"},
      {whole.substr(0, 300), "has a header longer than itself"},
      {whole.substr(0, 4), "too early"},
      {flipped, "was changed after it was written"}};
  const std::string file = session.scratch / "bad.safetensors";
  for (const auto& [bytes, why] : files) {
    session.scratch.write("bad.safetensors", bytes);
    check_refused(session({"predict", session.photos + "/test", "--model", file}), 1, {"bad.safetensors: ", why});
  }
  session.scratch.write("bad.safetensors", files.front().first);
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"verify", file},
           {"summary", file},
           {"export", "--model", file, "--format", "onnx", "-o", session.scratch / "no.onnx"},
           {"train", "--from", file, "--data", session.photos, "--name", "no"}}) {
    CAPTURE(command[0]);
    check_refused(session(command), 1, {"bad.safetensors: ", files.front().second});
  }
  CHECK_FALSE(fs::exists(session.scratch / "runs/no"));
  CHECK_FALSE(fs::exists(session.scratch / "no.onnx"));
  check_refused(session({"train", "--base", exported(), "--data", session.photos}), 1,
                {"is a finished model, not a backbone", "--from"});
}

TEST_CASE("A base of another program is asked for by name and digest, and found among the bases under any name") {
  const OnBase on;
  CHECK(contains(on.told, "its base 'base' is not in the file"));
  const auto predict = [&] { return on.run({"predict", on.photos, "--model", on.file, "--json"}); };
  const std::string digest = "43fa832d9f39e7d03db6df2f359a97baab521171b4cb4ce054f1116b6b6563a5";
  check_refused(predict(), 1, {on.file, "its base 'base'", digest, on.bases, "copy the base that it was trained on"});
  fs::copy_file(on.base, on.bases + "/renamed.pt");
  CHECK(predict().out == on.expected);
  CHECK(on.run({"verify", on.file}).code == 0);
  fs::rename(on.bases + "/renamed.pt", on.scratch / "gone.pt");
  on.scratch.write("data/cvtool/bases/base.pt", "another one");
  check_refused(predict(), 1, {"base.pt is another one (SHA-256 ", digest});
}

TEST_CASE("An export with constants for weights has no names to write") {
  const Session& session = Session::get();
  const std::string frozen = session.scratch / "frozen.pt";
  printed({"export", "--model", session.run, "-o", frozen});
  check_refused(
      session({"export", "--model", frozen, "--format", "safetensors", "-o", session.scratch / "x.safetensors"}), 1,
      {frozen, "is an export", "best.pt"});
  CHECK_FALSE(fs::exists(session.scratch / "x.safetensors"));
}
