// An exported ONNX file asked, measured and refused as a model.
#include <cstdlib>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

std::string exported(const std::string& name, std::vector<std::string> more) {
  const Session& session = Session::get();
  const std::vector<std::string> arguments{"export", "--model", session.run,           "--format",
                                           "onnx",   "-o",      session.scratch / name};
  more.insert(more.begin(), arguments.begin(), arguments.end());
  const Outcome outcome = session(more);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return session.scratch / name;
}

Outcome with_library(const std::string& library, const std::vector<std::string>& arguments) {
  Invocation invocation;
  invocation.folder = Session::get().scratch.path();
  invocation.arguments = arguments;
  invocation.environment["CVTOOL_ONNXRUNTIME"] = library;
  return run_program(invocation);
}

}  // namespace

TEST_CASE("eval and predict take an exported ONNX file and give what they give of the run's model") {
  const Session& session = Session::get();
  const Json own = Json::parse(session({"eval", "--data", session.photos, "--model", session.run, "--json"}).out);
  struct Row {
    std::vector<std::string> flags;
    double tolerance;
  };
  for (const Row& row : std::vector<Row>{{{}, 1e-5},
                                         {{"--opset", "20", "--with-resize"}, 1e-5},
                                         {{"--precision", "fp16", "--opset", "17"}, 5e-3},
                                         {{"--precision", "int8", "--calibrate", session.photos + "/train"}, 0.1}}) {
    const std::string file = exported("asked.onnx", row.flags);
    const Outcome outcome =
        session({"eval", "--data", session.photos, "--model", file, "--json", "--min", "accuracy=0", "--junit",
                 session.scratch / "asked.xml", "-o", session.scratch / "asked-eval", "--baseline", session.run});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    const Json document = Json::parse(outcome.out);
    CHECK(std::abs(document["metrics"]["loss"].get<double>() - own["metrics"]["loss"].get<double>()) < row.tolerance);
    CHECK(document["runtime"] == "cvtool's interpreter of ONNX");
    CHECK(document["model_digest"].get<std::string>().size() == 64);
    CHECK(document["baseline"]["met"] == true);
    CHECK(fs::exists(session.scratch / "asked-eval/report.html"));
    const Json line =
        json_lines(session({"predict", session.photos + "/test/Car", "--model", file, "--json"}).out).at(0);
    const Json told =
        json_lines(session({"predict", session.photos + "/test/Car", "--model", session.run, "--json"}).out).at(0);
    CHECK(std::abs(line["probability"].get<double>() - told["probability"].get<double>()) < row.tolerance);
    CHECK(session({"verify", file}).code == 0);
  }
  CHECK(!own.contains("runtime"));
}

TEST_CASE("What an ONNX file cannot do is refused with the reason") {
  const Session& session = Session::get();
  const std::string file = exported("refused.onnx", {}), photo = session.photos + "/test/Car";
  const std::string car = *names_in(photo).begin();
  check_refused(session({"train", "--data", session.photos, "--from", file}), 2,
                {"refused.onnx: is an ONNX file, so it cannot be trained on"});
  check_refused(session({"export", "--model", file}), 2, {"cannot be exported again"});
  check_refused(session({"explain", photo + "/" + car, "--model", file, "--grad-cam"}), 2, {"cannot be looked into"});
  check_refused(session({"explain", photo + "/" + car, "--model", file, "--layer", "all"}), 2,
                {"cannot be looked into"});
  check_refused(session({"summary", file, "--macs"}), 2, {"cannot be looked into"});
  CHECK(session({"summary", file}).code == 0);
  CHECK(session({"explain", photo + "/" + car, "--model", file, "--occlusion", "-o", "occlusion.png"}).code == 0);
  check_refused(session({"eval", "--data", session.photos, "--model", file, "--calibrate", "temperature"}), 2,
                {"has no temperature"});
  check_refused(session({"predict", photo, "--model", file, "--precision", "bf16"}), 2,
                {"--precision bf16", "computed as it was exported"});
  const std::string bytes = content_of(file);
  check_refused(
      session({"predict", photo, "--model", session.scratch.write("cut.onnx", bytes.substr(0, bytes.size() / 2))}), 1,
      {"cut.onnx: "});
  check_refused(session({"eval", "--data", session.photos, "--model", session.scratch.write("text.onnx", "no model")}),
                1, {"text.onnx: is not a model file"});
}

TEST_CASE("A library that is not ONNX Runtime is refused by the variable's name") {
  const Session& session = Session::get();
  const std::string file = exported("library.onnx", {});
  const std::vector<std::string> predict{"predict", session.photos + "/test/Car", "--model", file};
  check_refused(with_library("/nowhere/libonnxruntime.so", predict), 2,
                {"CVTOOL_ONNXRUNTIME=/nowhere/libonnxruntime.so: cannot be opened"});
  check_refused(with_library("libc.so.6", predict), 2, {"CVTOOL_ONNXRUNTIME=libc.so.6: is not ONNX Runtime"});
  // Other models do not care.
  CHECK(with_library("/nowhere/libonnxruntime.so", {"predict", session.photos + "/test/Car", "--model", session.run})
            .code == 0);
}

TEST_CASE("ONNX Runtime computes the file where the user names it") {
  const char* library = std::getenv("CVTOOL_TEST_ONNXRUNTIME");
  if (!library) {
    MESSAGE("skipped: CVTOOL_TEST_ONNXRUNTIME names no libonnxruntime.so");
    return;
  }
  const Session& session = Session::get();
  for (const char* precision : {"fp32", "fp16"}) {
    const std::string file = exported("runtime.onnx", {"--precision", precision, "--opset", "17"});
    const std::vector<std::string> eval{"eval", "--data", session.photos, "--model",
                                        file,   "--json", "-o",           session.scratch / "runtime"};
    const Outcome own = session(eval), other = with_library(library, eval);
    CAPTURE(other.err);
    REQUIRE(other.code == 0);
    CHECK(contains(other.err, "runtime.onnx: run by ONNX Runtime "));
    const Json a = Json::parse(own.out), b = Json::parse(other.out);
    CHECK(b["runtime"].get<std::string>().rfind("ONNX Runtime ", 0) == 0);
    CHECK(std::abs(a["metrics"]["loss"].get<double>() - b["metrics"]["loss"].get<double>()) < 1e-3);
  }
}
