#include "model/ready_net.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "golden/golden.h"
#include "model/archive.h"
#include "model/compile.h"
#include "model/model_file.h"
#include "model/predictor.h"
#include "scratch.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

at::Tensor photos() {
  at::manual_seed(3);
  return at::randint(256, {5, 3, 8, 8}, at::kByte);
}

ModelFile model_of(int64_t seed) {
  const Json spec = json_from_text(R"({"layers": [{"kind": "conv2d", "filters": 4}, {"kind": "batch_norm"},
      {"kind": "flatten"}, {"kind": "dense", "units": 3, "activation": "sigmoid"}]})",
                                   "test");
  ModelFile model;
  model.module = compile_net(spec, {{8, 8}, 3, static_cast<uint64_t>(seed)}).module;
  model.module.eval();
  model.module.setattr("temperature", 1.5);
  model.info = {{"format", kModelFormat},
                {"classes", {"a", "b", "c" + std::to_string(seed)}},
                {"imgsz", 8},
                {"recipe", Json{{"data", Json{{"imgsz", 8}}}, {"model", spec}}}};
  add_golden_sample(model, photos().narrow(0, 0, 1));
  return model;
}

// Models, and a cache of their own.
struct Models {
  Models() { ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1); }
  ~Models() { ::setenv("XDG_CACHE_HOME", before.c_str(), 1); }

  std::string save(const std::string& name, int64_t seed) const {
    save_model(folder / name, model_of(seed));
    return folder / name;
  }
  std::set<std::string> kept() const { return names_in(folder / "cvtool/nets"); }
  std::string kept_path() const { return folder / ("cvtool/nets/" + *kept().begin()); }

  Scratch folder;
  std::string before = std::getenv("XDG_CACHE_HOME") ? std::getenv("XDG_CACHE_HOME") : "";
};

Prediction said_by(const ReadyModel& model) { return Predictor(model.net, at::kFloat).run(photos()); }

bool same(const Prediction& a, const Prediction& b) {
  return at::equal(a.logits, b.logits) && at::equal(a.probabilities, b.probabilities) &&
         at::equal(a.sigmoids, b.sigmoids);
}

}  // namespace

TEST_CASE("A ready net says what its classifier says, and a model that was opened before says the same bits") {
  const Models models;
  const std::string path = models.save("best.pt", 7);
  const ModelFile file = load_model(path);
  const Prediction plain = Predictor(file.module, at::kCPU, at::kFloat).run(photos());
  torch::jit::Module module = file.module;
  CHECK(at::allclose(plain.probabilities, module.forward({photos()}).toTensor(), 1e-5, 1e-6));
  CHECK(models.kept().empty());
  const ReadyModel first = load_ready_model(path, at::kCPU);
  CHECK(models.kept().size() == 1);
  fs::create_hard_link(models.kept_path(), models.folder / "link");
  const ReadyModel again = load_ready_model(path, at::kCPU);
  CHECK(fs::equivalent(models.folder / "link", models.kept_path()));  // read, not made anew
  CHECK(same(said_by(first), plain));
  CHECK(same(said_by(again), plain));
  CHECK(again.info == file.info);
  CHECK(models.kept().size() == 1);
}

TEST_CASE("What was kept is what is read, and only for the model that it was made of") {
  const Models models;
  const std::string one = models.save("one.pt", 1), other = models.save("other.pt", 2);
  const ReadyModel first = load_ready_model(one, at::kCPU);
  const std::string bytes = read_file(models.kept_path());
  CHECK(contains(bytes, stored_digest(one)));
  fs::remove(models.kept_path());
  const ReadyModel second = load_ready_model(other, at::kCPU);
  const std::string of_other = read_file(models.kept_path());
  for (const std::string& wrong : {bytes, read_file(one)}) {
    write_file_atomically(models.kept_path(), wrong);
    const ReadyModel again = load_ready_model(other, at::kCPU);
    CHECK(same(said_by(again), said_by(second)));
    CHECK(model_classes(again.info).back() == "c2");
    CHECK((read_file(models.kept_path()) == of_other));
  }
  fs::remove(models.kept_path());
  write_file_atomically(models.folder / "copy.pt", read_file(other));
  load_ready_model(models.folder / "copy.pt", at::kCPU);
  CHECK(models.kept().size() == 1);
  load_ready_model(other, at::kCPU);
  CHECK(models.kept().size() == 1);  // the same model
  models.save("other.pt", 3);
  const ReadyModel replaced = load_ready_model(other, at::kCPU);
  CHECK(model_classes(replaced.info).back() == "c3");
  CHECK(same(said_by(replaced), Predictor(model_of(3).module, at::kCPU, at::kFloat).run(photos())));
}

TEST_CASE("A kept net that is damaged, or that another user could have written, is made anew") {
  const Models models;
  const std::string path = models.save("best.pt", 7);
  const ReadyModel first = load_ready_model(path, at::kCPU);
  const std::string kept = models.kept_path(), bytes = read_file(kept);
  const auto is_made_anew = [&] {
    const ReadyModel again = load_ready_model(path, at::kCPU);
    CHECK(same(said_by(again), said_by(first)));
    return read_file(kept) == bytes && (fs::status(kept).permissions() & fs::perms::others_all) == fs::perms::none;
  };
  std::string changed = bytes;
  changed[changed.size() / 2] ^= 1;
  for (const std::string& damaged : {std::string(), bytes.substr(0, bytes.size() / 2), changed}) {
    write_file_atomically(kept, damaged);
    CHECK(is_made_anew());
  }
  fs::permissions(kept, fs::perms::others_write | fs::perms::others_read, fs::perm_options::add);
  CHECK(is_made_anew());
  fs::remove(kept);
  fs::create_directory(kept);  // nothing can be kept there
  CHECK(same(said_by(load_ready_model(path, at::kCPU)), said_by(first)));
}

TEST_CASE("Where the caches have no room nothing is kept, and a limit that is no number is named") {
  const Models models;
  const std::string path = models.save("best.pt", 7);
  ::setenv("CVTOOL_CACHE_LIMIT", "0", 1);
  load_ready_model(path, at::kCPU);
  CHECK(models.kept().empty());
  ::setenv("CVTOOL_CACHE_LIMIT", "much", 1);
  CHECK(contains(message_of([&] { load_ready_model(path, at::kCPU); }), "CVTOOL_CACHE_LIMIT=much"));
  ::unsetenv("CVTOOL_CACHE_LIMIT");
}
