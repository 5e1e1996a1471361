#include <algorithm>
#include <cstdlib>

#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

Json exported(const std::vector<std::string>& arguments) {
  const Session& session = Session::get();
  std::vector<std::string> all{"export", "--model", session.run, "--json"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const Outcome outcome = session(all);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return Json::parse(outcome.out);
}

std::string with_flipped_bit(std::string bytes, size_t place) {
  bytes.at(place) = static_cast<char>(bytes[place] ^ 16);
  return bytes;
}

std::string with_words_changed(std::string bytes, const std::string& word, const std::string& other) {
  for (size_t at = bytes.find(word); at != std::string::npos; at = bytes.find(word, at))
    bytes.replace(at, word.size(), other);
  return bytes;
}

// The archive again with another label in cvtool.json, as a user would edit it: every checksum matches.
void edit_label(const std::string& from, const std::string& to) {
  const std::string script =
      "import sys, zipfile\n"
      "a, b = zipfile.ZipFile(sys.argv[1]), zipfile.ZipFile(sys.argv[2], 'w')\n"
      "for name in a.namelist():\n"
      "    data = a.read(name)\n"
      "    b.writestr(name, data.replace(b'Truck', b'Lorry') if name.endswith('cvtool.json') else data)\n"
      "b.close()\n";
  REQUIRE(std::system((CVTOOL_PYTHON " -c \"" + script + "\" " + from + " " + to).c_str()) == 0);
}

std::vector<double> probabilities_by(const std::string& model) {
  const Session& session = Session::get();
  std::vector<double> all;
  for (const Json& line : json_lines(session({"predict", session.photos + "/test", "--model", model, "--json"}).out))
    all.push_back(line["probabilities"]["Car"]);
  return all;
}

}  // namespace

TEST_CASE("Every format is written, read back and compared before it is kept") {
  const Session& session = Session::get();
  const std::vector<std::pair<std::string, std::string>> formats{
      {"torchscript", ".pt"}, {"onnx", ".onnx"}, {"safetensors", ".safetensors"}, {"header", ".h"}};
  for (const auto& row : formats) {
    const std::string& format = row.first;
    CAPTURE(format);
    const Json result = exported({"--format", format, "-o", session.scratch / ("every" + row.second)});
    CHECK(result["pictures"] == "the golden sample and 64 drawn pictures");
    CHECK(result["checks"].size() == (format == "onnx" ? 2 : 1));
    for (const Json& check : result["checks"]) {
      CHECK(check["refused"] == "");
      CHECK(check["difference"].get<double>() < 1e-5);
    }
    CHECK(fs::exists(result["file"].get<std::string>()));
    CHECK(result["table"][1]["bytes"] == fs::file_size(result["file"].get<std::string>()));
  }
  Json recipe = json_from_file(session.run + "/config.json");
  recipe.erase("run");
  CHECK(json_from_file(session.scratch / "every.json") == recipe);
  CHECK(fs::exists(session.scratch / "every.cpp"));
}

TEST_CASE("Without -o the file lies beside the model, and people get a table") {
  const Session& session = Session::get();
  const Outcome outcome =
      session({"export", "--model", session.run, "--format", "onnx", "--verify-data", session.photos});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(fs::exists(session.run + "/exported.onnx"));
  CHECK(contains(outcome.out, "18 photos of " + session.photos));
  CHECK(contains(outcome.out, "bytes         ms a picture  accuracy\nmodel "));
  CHECK(contains(outcome.out, "cvtool's interpreter: differs by at most "));
}

TEST_CASE("Exported TorchScript predicts the same, also with weights in fewer bits") {
  const Session& session = Session::get();
  const auto expected = probabilities_by(session.run);
  for (const auto& row :
       std::vector<std::pair<std::string, double>>{{"fp32", 1e-5}, {"bf16", 2e-2}, {"fp16", 2e-3}, {"int8", 4e-2}}) {
    const std::string& precision = row.first;
    CAPTURE(precision);
    exported({"--precision", precision, "-o", session.scratch / (precision + ".pt")});
    const auto got = probabilities_by(session.scratch / (precision + ".pt"));
    REQUIRE(got.size() == expected.size());
    for (size_t i = 0; i < got.size(); ++i) CHECK(std::abs(got[i] - expected[i]) < row.second);
  }
}

TEST_CASE("int8 ONNX is calibrated on photos and smaller") {
  const Session& session = Session::get();
  const Json whole = exported({"--format", "onnx", "-o", session.scratch / "whole.onnx"});
  const Json result = exported({"--format", "onnx", "--precision", "int8", "--calibrate", session.photos + "/train",
                                "-o", session.scratch / "int8.onnx"});
  CHECK(result["checks"].back()["agreement"].get<double>() >= 0.99);
  // OpenCV's int8, where it has any, is not ONNX's: it does not decide. Its float32 does.
  CHECK(contains(result["checks"][0]["caveat"], "int8"));
  CHECK(result["checks"].back()["caveat"] == "");
  CHECK(whole["checks"][0]["caveat"] == "");
  CHECK(session({"verify", session.scratch / "int8.onnx"}).code == 0);
  check_refused(session({"export", "--format", "onnx", "--precision", "int8", "-o", "x.onnx"}), 2,
                {"needs --calibrate DIR"});
  check_refused(session({"export", "--format", "onnx", "--precision", "bf16", "-o", "x.onnx"}), 2, {"fp16 or int8"});
  check_refused(session({"export", "--format", "safetensors", "--with-resize", "-o", "x"}), 2,
                {"--with-resize: is for"});
  check_refused(session({"export", "--format", "onnx", "--opset", "16", "-o", "x.onnx"}), 2,
                {"--opset 16: cvtool writes 13, 17, 18 or 20"});
  check_refused(session({"export", "--opset", "17", "-o", "x.pt"}), 2, {"--opset: is for --format onnx"});
  check_refused(session({"export", "--format", "safetensors", "--precision", "fp16", "-o", "x"}), 2,
                {"safetensors keeps the weights"});
  check_refused(session({"export", "--format", "header", "-o", session.scratch / "x.pt"}), 2, {"must end in .h"});
  CHECK_FALSE(fs::exists(session.scratch / "x.onnx"));
}

TEST_CASE("A safetensors export does not write its recipe over another file") {
  const Session& session = Session::get();
  const std::string config = content_of(session.run + "/config.json");
  check_refused(
      session({"export", "--model", session.run, "--format", "safetensors", "-o", session.run + "/config.safetensors"}),
      2, {"config.json", "is another file"});
  CHECK(content_of(session.run + "/config.json") == config);
  CHECK_FALSE(fs::exists(session.run + "/config.safetensors"));
}

TEST_CASE("verify accepts a file as it was written and says what it claims") {
  const Session& session = Session::get();
  exported({"--format", "onnx", "-o", session.scratch / "good.onnx"});
  exported({"-o", session.scratch / "good.pt"});
  for (const std::string& file : {session.model, session.scratch / "good.pt", session.scratch / "good.onnx"}) {
    CAPTURE(file);
    const Outcome outcome = session({"verify", file, "--json"});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    const Json report = Json::parse(outcome.out);
    CHECK(report["good"] == true);
    CHECK(report["checks"].size() == 3);
    CHECK(report["claims"]["classes"] == Json({"Car", "Truck"}));
    CHECK(contains(session({"verify", file}).out, "  good  digest: "));
  }
  CHECK(session({"verify"}).code == 0);
}

TEST_CASE("verify finds a flipped bit, a truncated file and an edited label") {
  const Session& session = Session::get();
  exported({"--format", "onnx", "-o", session.scratch / "whole.onnx"});
  for (const std::string& file : {session.model, session.scratch / "whole.onnx"}) {
    const std::string bytes = content_of(file), kind = fs::path(file).extension().string();
    for (const size_t place : {bytes.size() / 3, bytes.size() - 300}) {
      CAPTURE(place);
      const Outcome outcome =
          session({"verify", session.scratch.write("flipped" + kind, with_flipped_bit(bytes, place))});
      CHECK(outcome.code == 1);
      CHECK(contains(outcome.err, "flipped" + kind));
    }
    check_refused(session({"verify", session.scratch.write("short" + kind, bytes.substr(0, bytes.size() - 100))}), 1,
                  {"short" + kind});
  }
  const Outcome label = session(
      {"verify", session.scratch.write(
                     "label.onnx", with_words_changed(content_of(session.scratch / "whole.onnx"), "Truck", "Lorry"))});
  CHECK(label.code == 1);
  CHECK(contains(label.out, "  BAD   digest: the file says "));
  edit_label(session.model, session.scratch / "label.pt");
  check_refused(session({"verify", session.scratch / "label.pt"}), 1, {"label.pt: was changed after it was written"});
  check_refused(session({"verify", session.scratch / "none.onnx"}), 1, {"none.onnx"});
}

TEST_CASE("predict checks a model once and remembers, until the file changes") {
  const Session& session = Session::get();
  const Scratch cache;
  fs::copy(session.model, session.scratch / "once.pt");
  const auto predict = [&] {
    Invocation invocation;
    invocation.folder = session.scratch.path();
    invocation.environment["XDG_CACHE_HOME"] = cache.path();
    invocation.arguments = {"predict", session.photos + "/test/Car", "--model", "once.pt"};
    return run_program(invocation);
  };
  const auto remembered = [&] {
    const std::string text = content_of(cache / "cvtool/verified.txt");
    return text.empty() ? 0 : 1 + std::count(text.begin(), text.end(), '\n');
  };
  CHECK(predict().code == 0);
  CHECK(remembered() == 1);
  CHECK(predict().code == 0);
  CHECK(remembered() == 1);
  edit_label(session.model, session.scratch / "once.pt");
  check_refused(predict(), 1, {"was changed after it was written"});
  CHECK(remembered() == 1);
}
