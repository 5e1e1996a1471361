// Whatever a command is told to write, it loses nothing that the user has: inputs, photos, models, files of a run.
#include "cli/session.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// A copy of the session's run and of its test photos, to be put at risk.
struct Belongings {
  Belongings() {
    const Session& session = Session::get();
    fs::copy(session.run, scratch / "run", fs::copy_options::recursive);
    fs::copy(session.photos + "/test", scratch / "photos", fs::copy_options::recursive);
    for (const auto& entry : fs::directory_iterator(scratch / "photos/Car")) photo = entry.path().string();
    contents = all();
  }
  std::map<std::string, std::string> all() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(scratch.path()))
      if (entry.is_regular_file()) files[entry.path().string()] = content_of(entry.path().string());
    return files;
  }
  void refused(const std::vector<std::string>& arguments, const std::vector<std::string>& parts) const {
    CAPTURE(arguments);
    check_refused(Session::get()(arguments), 2, parts);
    CHECK(all() == contents);
  }

  Scratch scratch;
  std::string run = scratch / "run", photos = scratch / "photos", photo;
  std::map<std::string, std::string> contents;
};

}  // namespace

TEST_CASE("An output does not go over an input, under whatever name") {
  const Belongings mine;
  const std::string other = mine.scratch / "other.jpg", model = mine.run + "/best.pt";
  mine.refused({"explain", mine.photo, "--kernel", "edge", "-o", mine.photo}, {mine.photo, "this command reads"});
  mine.refused({"explain", mine.photo, "--model", mine.run, "--layer", "conv2d", "-o", mine.photo}, {mine.photo});
  mine.refused({"explain", mine.photos, "--model", mine.run, "--grad-cam", "-o", mine.photo}, {mine.photo});
  mine.refused({"explain", "--embed", mine.photos, "--model", mine.run, "-o", mine.photo}, {mine.photo});
  mine.refused({"data", "stats", mine.photos, "-o", mine.photo}, {mine.photo, "give another name, or delete it first"});
  mine.refused({"data", "preview", mine.photos, "-o", mine.photo}, {mine.photo});
  mine.refused({"data", "preview", mine.photos, "--augment", "flip", "-o", mine.photo}, {mine.photo});
  mine.refused({"train", "--data", mine.photos, "--recipe", Session::get().recipe, "--find-lr", mine.photo},
               {mine.photo});
  mine.refused({"export", "--model", mine.run, "-o", model}, {model, "this command reads"});
  fs::create_symlink(mine.photo, other);
  const std::vector<std::string> linked{"data", "stats", mine.photos, "-o", other};
  check_refused(Session::get()(linked), 2, {other, "this command reads", mine.photo});
  fs::remove(other);
  fs::create_hard_link(mine.photo, other);
  check_refused(Session::get()(linked), 2, {other, mine.photo});
  CHECK(content_of(mine.photo) == mine.contents.at(mine.photo));
}

TEST_CASE("An output does not go over a file of another kind or one of a run") {
  const Belongings mine;
  mine.refused({"compare", mine.run, "-o", mine.run + "/best.pt"}, {mine.run + "/best.pt", "training of the run"});
  mine.refused({"compare", mine.run, "-o", mine.run + "/curves.png"}, {"curves.png", "training of the run"});
  mine.refused({"explain", "--embed", mine.photos, "--model", mine.run, "-o", mine.run + "/history.csv"},
               {"history.csv", "training of the run"});
  mine.refused({"export", "--model", mine.run, "-o", mine.run + "/last.pt"}, {"last.pt", "training of the run"});
  mine.refused({"export", "--model", mine.run, "-o", mine.photo}, {"is a JPEG picture, not a TorchScript file"});
  mine.refused({"export", "--model", mine.run, "--format", "onnx", "-o", mine.photo}, {"not an ONNX file"});
  mine.refused({"export", "--model", mine.run, "--format", "safetensors", "-o", mine.photo},
               {"not a safetensors file"});
  const std::string model = mine.scratch.write("model.png", content_of(mine.run + "/best.pt"));
  check_refused(Session::get()({"data", "stats", mine.photos, "-o", model}), 2,
                {model, "is there already and is a model file, not a PNG picture"});
  const std::string code = mine.scratch.write("mine.cpp", "int main() {}\n");
  check_refused(Session::get()({"export", "--model", mine.run, "--format", "header", "-o", mine.scratch / "mine.h"}), 2,
                {code, "is another file"});
  CHECK(content_of(code) == "int main() {}\n");
}

TEST_CASE("An evaluation and a run do not go into the photos, nor over what they are made from") {
  const Belongings mine;
  const std::vector<std::string> eval{"eval", "--data", mine.photos, "--model", mine.run};
  for (const std::string& folder : {mine.photos, mine.photos + "/Car", mine.photos + "/new"}) {
    std::vector<std::string> arguments = eval;
    arguments.insert(arguments.end(), {"-o", folder});
    mine.refused(arguments, {"-o " + folder, "give "});
    mine.refused({"train", "--data", mine.photos, "--recipe", Session::get().recipe, "--project", folder},
                 {"--project " + folder, "give "});
  }
  std::vector<std::string> again = eval;
  again.insert(again.end(), {"-o", mine.scratch / "first"});
  CHECK(Session::get()(again).code == 0);
  CHECK(Session::get()(again).code == 0);  // an older evaluation is replaced
  again.insert(again.end(), {"--baseline", mine.scratch / "first/metrics.json"});
  check_refused(Session::get()(again), 2, {"first/", "this command reads"});
}

TEST_CASE("An older output of the same kind is replaced, and streams are written to") {
  const Belongings mine;
  for (int i = 0; i < 2; ++i) {
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"compare", mine.run, "-o", mine.scratch / "compared.png"},
          {"data", "stats", mine.photos, "-o", mine.scratch / "stats.png"},
          {"explain", "--embed", mine.photos, "--model", mine.run, "-o", mine.scratch / "map.csv"},
          {"explain", mine.photo, "--kernel", "edge", "-o", mine.scratch / "edge.jpg"},
          {"export", "--model", mine.run, "-o", mine.scratch / "out.pt"},
          {"export", "--model", mine.run, "--format", "header", "-o", mine.scratch / "out.h"},
          {"export", "--model", mine.run, "--format", "onnx", "-o", mine.scratch / "out.onnx"},
          {"export", "--model", mine.run, "--format", "safetensors", "-o", mine.scratch / "net.safetensors"},
          {"import", mine.scratch / "net.safetensors"}}) {
      CAPTURE(command);
      const Outcome outcome = Session::get()(command);
      CAPTURE(outcome.err);
      CHECK(outcome.code == 0);
    }
  }
  const Outcome streamed = Session::get()({"export", "--model", mine.run, "-o", "/dev/stdout"});
  CHECK(streamed.code == 0);
  CHECK(streamed.out.compare(0, 2, "PK") == 0);
  CHECK(Session::get()({"compare", mine.run, "-o", "/dev/null"}).code == 0);
}
