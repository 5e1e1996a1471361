// Training on a pretrained backbone, from outside. The backbones are made by the distribution's PyTorch.
#include <algorithm>
#include <cmath>

#include "cli/transfer_runs.h"

using namespace cvtool;
using namespace cvtool::transfer;

TEST_CASE("A backbone that was scripted, traced or frozen in Python is trained on and comes back in the model file") {
  const Session& session = Session::get();
  for (const std::string form : {"scripted", "traced", "frozen", "vector"}) {
    CAPTURE(form);
    const Outcome outcome =
        train(Bases::get() / (form + ".pt"), "base-" + form,
              {"--head", form == "vector" ? "dense:8:relu" : "global_max,dropout:0.1,dense:8:relu"});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(contains(outcome.err, "computed once"));
    CHECK(contains(outcome.err, "does not say how its input is scaled"));
    const Outcome predicted =
        session({"predict", session.photos + "/test/Car", "--model", "runs/base-" + form, "--json"});
    CHECK(predicted.code == 0);
    CHECK(json_lines(predicted.out).size() == 9);
    // 8 units behind 16 channels, then 2.
    const Json summary = Json::parse(session({"summary", "runs/base-" + form, "--json"}).out);
    CHECK(summary["trainable"] == 16 * 8 + 8 + 8 * 2 + 2);
    CHECK(summary["layers"][0]["kind"] == "Base");
  }
}

TEST_CASE("Training takes the base that is there, says so, and writes its name where the run can be repeated from") {
  const Session& session = Session::get();
  const Scratch bases;
  std::filesystem::copy_file(Bases::get() / "traced.pt", bases / "mine.pt");
  const auto plain = [&](const std::vector<std::string>& more) {
    Invocation invocation;
    invocation.folder = session.scratch.path();
    invocation.environment = {{"CVTOOL_BASES", bases.path()}};
    invocation.arguments = {"train", "--data", session.photos, "--imgsz", "32", "--epochs", "1"};
    invocation.arguments.insert(invocation.arguments.end(), more.begin(), more.end());
    return run_program(invocation);
  };
  const Outcome taken = plain({"--name", "taken"});
  CAPTURE(taken.err);
  REQUIRE(taken.code == 0);
  CHECK(taken.err.find("pretrained backbone mine from " + bases.path() + "/mine.pt") == 0);
  const std::string config = session.scratch / "runs/taken/config.json";
  CHECK(Json::parse(content_of(config))["model"]["base"] == "mine");
  REQUIRE(plain({"--name", "repeated", "--recipe", config}).code == 0);
  CHECK(history("repeated") == history("taken"));
  const Outcome scratch = plain({"--name", "scratch", "--base", "none"});
  CHECK(scratch.err.find("no pretrained backbone (--base none): training from scratch") == 0);
  CHECK(Json::parse(content_of(session.scratch / "runs/scratch/config.json"))["name"] == "small-resnet");
  // All trainings of a series are of one kind, whatever comes or goes meanwhile.
  const Outcome series = plain({"--name", "series", "--repeat", "2"});
  REQUIRE(series.code == 0);
  CHECK(contains(series.err, "pretrained backbone mine"));
  CHECK(Json::parse(content_of(session.scratch / "runs/series-2/config.json"))["model"]["base"] == "mine");
  const Outcome found = plain({"--find-lr", session.scratch / "find.png"});
  CHECK(found.err.find("pretrained backbone mine") == 0);
}

TEST_CASE("A frozen backbone is the same after training, weights and statistics") {
  const Json all = changed_tensors({{"scripted", "base-scripted"}, {"traced", "base-traced"}});
  REQUIRE(all.size() == 2);
  for (const Json& changes : all) {
    CHECK(changes["tensors"] == 3 * 7);
    CHECK(changes["changed"].empty());
  }
}

TEST_CASE("The feature cache changes no figure, without augmentation and under flips") {
  const std::string backbone = Bases::get() / "traced.pt";
  for (const std::string augment : {"none", "flip=horizontal", "flip=horizontal_and_vertical"}) {
    CAPTURE(augment);
    const std::string with = "cached-" + augment, without = "uncached-" + augment;
    REQUIRE(train(backbone, with, {"--augment", augment}).code == 0);
    const Outcome outcome = train(backbone, without, {"--augment", augment, "--feature-cache", "none"});
    REQUIRE(outcome.code == 0);
    CHECK_FALSE(contains(outcome.err, "computed once"));
    CHECK(largest_difference(history(with), history(without)) < 1e-6);
  }
  CHECK(largest_difference(history("cached-none"), history("cached-flip=horizontal")) > 1e-5);
}

TEST_CASE("Validation gives the metrics that eval gives for the model, whatever training computes in") {
  const Session& session = Session::get();
  const std::string backbone = Bases::get() / "traced.pt";
  REQUIRE(train(backbone, "bf16-kept", {"--precision", "bf16", "--augment", "none"}).code == 0);
  REQUIRE(train(backbone, "bf16-new", {"--precision", "bf16", "--augment", "none", "--feature-cache", "none"}).code ==
          0);
  REQUIRE(session({"train", "--data", session.photos, "--recipe", session.recipe, "--name", "bf16-whole", "--precision",
                   "bf16"})
              .code == 0);
  // Two sigmoid units that both round to 1 for every photo.
  session.scratch.write("saturated.json", R"({
    "name": "saturated", "data": {"imgsz": 16}, "model": {"preprocess": "unit", "layers": [
      {"kind": "flatten"}, {"kind": "dense", "units": 2}, {"kind": "rescale", "offset": 40},
      {"kind": "activation", "function": "sigmoid"}]}, "train": {"epochs": 2, "batch": 16}})");
  REQUIRE(session({"train", "--data", session.photos, "--recipe", session.scratch / "saturated.json", "--name",
                   "saturated"})
              .code == 0);
  for (const std::string name : {"bf16-kept", "bf16-new", "bf16-whole", "saturated"}) {
    CAPTURE(name);
    const Json last = history(name).back();
    const Json metrics = Json::parse(session({"eval", "--data", session.photos, "--model", "runs/" + name + "/last.pt",
                                              "--split", "valid", "--json"})
                                         .out)["metrics"];
    CHECK(last[3].get<double>() == doctest::Approx(metrics["loss"].get<double>()).epsilon(1e-5));
    CHECK(last[4].get<double>() == doctest::Approx(metrics["accuracy"].get<double>()).epsilon(1e-5));
    if (name == "saturated") CHECK(last[4].get<double>() != 0.5);  // else one class was named for all
  }
}

TEST_CASE("Kept views of crops are validated on the centre that the model is then given") {
  const Outcome outcome = train(Bases::get() / "traced.pt", "crops",
                                {"--augment", "random_crop=16", "--augment-views", "2", "--head", "global_avg,dense"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const Json metrics = Json::parse(Session::get()({"eval", "--data", Session::get().photos, "--model",
                                                   "runs/crops/last.pt", "--split", "valid", "--json"})
                                       .out)["metrics"];
  CHECK(history("crops").back()[3].get<double>() == doctest::Approx(metrics["loss"].get<double>()).epsilon(1e-5));
}

TEST_CASE("Features kept on disk are found again by the next run") {
  const Scratch cache;
  const Session& session = Session::get();
  for (const std::string turn : {"1", "2"}) {
    Invocation invocation;
    invocation.folder = session.scratch.path();
    invocation.environment = {{"XDG_CACHE_HOME", cache.path()}};
    invocation.arguments = {"train",
                            "--data",
                            session.photos,
                            "--base",
                            Bases::get() / "traced.pt",
                            "--name",
                            "disk" + turn,
                            "--imgsz",
                            "32",
                            "--epochs",
                            "2",
                            "--augment",
                            "none",
                            "--feature-cache",
                            "disk"};
    const Outcome outcome = run_program(invocation);
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(contains(outcome.err, turn == "1" ? "computed once" : "found in the cache"));
  }
  CHECK(largest_difference(history("disk1"), history("disk2")) == 0);
}

TEST_CASE("Other augmentation runs the backbone on every new picture, or on a number of views that are kept") {
  const std::string backbone = Bases::get() / "traced.pt";
  const Outcome fresh = train(backbone, "fresh", {"--augment", "rotation=0.1"});
  CHECK(fresh.code == 0);
  CHECK(contains(fresh.err, "new pixels in every epoch"));
  const Outcome views = train(backbone, "views", {"--augment", "rotation=0.1", "--augment-views", "3"});
  CHECK(views.code == 0);
  CHECK(contains(views.err, "an approximation, as asked: 3 views"));
  CHECK(contains(views.err, "in 3 forms"));
}

TEST_CASE("Fine-tuning changes the layers that were named and no batch norm") {
  struct Case {
    const char* what;
    std::vector<std::string> changed;
  };
  const std::vector<Case> cases{{"1", {"features.2.0.weight", "features.2.0.bias"}},
                                {"features.1", {"features.1.0.weight", "features.1.0.bias"}},
                                {"all",
                                 {"features.0.0.weight", "features.0.0.bias", "features.1.0.weight",
                                  "features.1.0.bias", "features.2.0.weight", "features.2.0.bias"}}};
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string form : {"scripted", "traced"})
    for (const Case& c : cases) {
      const std::string name = "tuned-" + form + c.what;
      CAPTURE(name);
      const Outcome outcome = train(Bases::get() / (form + ".pt"), name,
                                    {"--augment", "none", "--fine-tune", c.what, "--freeze-epochs", "1"});
      CAPTURE(outcome.err);
      REQUIRE(outcome.code == 0);
      pairs.emplace_back(form, name);
    }
  const Json all = changed_tensors(pairs);
  REQUIRE(all.size() == pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    CAPTURE(pairs[i].second);
    CHECK(all[i]["changed"] == Json(cases[i % cases.size()].changed));
  }
}

TEST_CASE("Fine-tuning trains batch norm where that is asked for") {
  REQUIRE(train(Bases::get() / "scripted.pt", "norms",
                {"--augment", "none", "--fine-tune", "features.2", "--fine-tune-norms"})
              .code == 0);
  const Json changed = changed_tensors({{"scripted", "norms"}}).at(0)["changed"];
  CHECK(std::count(changed.begin(), changed.end(), "features.2.1.running_mean") == 1);
  CHECK(std::count(changed.begin(), changed.end(), "features.2.1.weight") == 1);
  CHECK(std::count(changed.begin(), changed.end(), "features.1.1.running_mean") == 0);
}

TEST_CASE("Fine-tuning falls back to float32 where an operation of the backbone has no gradient in bfloat16") {
  const Outcome outcome =
      train(Bases::get() / "relu6.pt", "relu6", {"--augment", "none", "--fine-tune", "all", "--precision", "auto"});
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  // Newer versions of LibTorch have that gradient, so the refusal is looked at only where it is due.
  const Outcome asked = train(Bases::get() / "relu6.pt", "relu6-bf16",
                              {"--augment", "none", "--fine-tune", "all", "--precision", "bf16"});
  if (asked.code != 0) check_refused(asked, 2, {"--precision bf16", "not implemented", "use --precision fp32"});
}

TEST_CASE("A finished run is trained on with --from, in two phases from one command or two") {
  const Session& session = Session::get();
  const Outcome outcome = session({"train", "--data", session.photos, "--from", "runs/cached-none", "--name", "from",
                                   "--epochs", "2", "--fine-tune", "features.2"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(changed_tensors({{"traced", "from"}}).at(0)["changed"] == Json{"features.2.0.weight", "features.2.0.bias"});
  // Again, as its report says.
  REQUIRE(session({"train", "--data", session.photos, "--from", "runs/cached-none", "--recipe", "runs/from/config.json",
                   "--name", "again"})
              .code == 0);
  CHECK((content_of(session.scratch / "runs/again/best.pt") == content_of(session.scratch / "runs/from/best.pt")));
  CHECK(contains(content_of(session.scratch / "runs/from/report.html"), " --from "));
  check_refused(
      session({"train", "--data", session.photos, "--from", "runs/cached-none", "--recipe", "car-or-truck-convnet"}), 2,
      {"has another one"});
  check_refused(session({"train", "--data", session.photos, "--from", "runs/cached-none", "--head", "dense"}), 2,
                {"--from", "leave --base, --head"});
  // A third class: the net has no unit for it.
  const std::string other = session.scratch / "three";
  std::filesystem::copy(session.photos, other, std::filesystem::copy_options::recursive);
  std::filesystem::copy(other + "/train/Car", other + "/train/Van");
  const Outcome classes = session({"train", "--data", other, "--from", "runs/cached-none", "--recipe",
                                   "runs/from/config.json", "--classes", "Car,Truck,Van"});
  check_refused(classes, 2, {"--from", "Car, Truck apart", "Car, Truck, Van"});
  check_refused(session({"train", "--data", session.photos, "--from", "runs/none-such"}), 2, {"runs/none-such"});
}

TEST_CASE("What is not a backbone is refused with the reason") {
  const Bases& backbones = Bases::get();
  check_refused(train(backbones / "pair.pt", "bad"), 1, {"pair.pt", "not a tensor"});
  check_refused(train(backbones / "labels.pt", "bad"), 1, {"labels.pt", "not a feature map"});
  check_refused(train(backbones / "grey.pt", "bad"), 1, {"grey.pt", "does not take pictures"});
  check_refused(train(backbones / "empty.pt", "bad"), 1, {"empty.pt"});
  check_refused(train(backbones / "weights.pt", "bad"), 1, {"weights.pt"});
  check_refused(train(backbones / "none-such.pt", "bad"), 2, {"none-such.pt"});
  check_refused(train("mobilnet_v2", "bad"), 2, {"mobilnet_v2", "mobilenet_v2"});
}

TEST_CASE(
    "Ctrl-C while features of the fine-tuned net are computed keeps the frozen epochs and names the command that goes "
    "on") {
  const Session& session = Session::get();
  Invocation invocation;
  invocation.folder = session.scratch.path();
  invocation.arguments = {"train",
                          "--data",
                          session.photos,
                          "--base",
                          Bases::get() / "scripted.pt",
                          "--name",
                          "halfway",
                          "--imgsz",
                          "32",
                          "--epochs",
                          "1000",
                          "--batch",
                          "2",
                          "--precision",
                          "fp32",
                          "--freeze-epochs",
                          "1",
                          "--fine-tune",
                          "features.2",
                          "--augment",
                          "rotation=0.2",
                          "--augment-views",
                          "3"};
  // As the first epoch's history is written: the second phase begins, and its features are the next that can be
  // stopped.
  invocation.environment = signal_at_file(SIGINT, 11);
  const Outcome outcome = run_program(invocation);
  CAPTURE(outcome.err);
  CHECK(outcome.code == 130);
  CHECK(contains(outcome.err,
                 "interrupted after 1 epoch; the best model so far is runs/halfway/best.pt; go on with: cvtool train "
                 "--resume runs/halfway"));
  CHECK(contains(outcome.err, "fine-tuning "));
  CHECK_FALSE(contains(outcome.err, "nothing was trained"));
  const Outcome resumed = session({"train", "--resume", "runs/halfway", "--epochs", "2"});
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(contains(resumed.err, "going on in epoch 2"));
}

TEST_CASE("Mistyped heads and layers to fine-tune are refused with the nearest word") {
  const std::string backbone = Bases::get() / "traced.pt";
  check_refused(train(backbone, "bad", {"--head", "flaten,dense"}), 2, {"--head", "did you mean 'flatten'"});
  check_refused(train(backbone, "bad", {"--head", "flatten,,dense"}), 2, {"empty layer"});
  check_refused(train(backbone, "bad", {"--head", "dropout:0.1:relu"}), 2, {"dropout", "takes 1 value"});
  check_refused(train(backbone, "bad", {"--head", "dense"}), 2, {"dense"});
  check_refused(train(backbone, "bad", {"--fine-tune", "feature.9"}), 2, {"--fine-tune", "features.2"});
  check_refused(train(Bases::get() / "frozen.pt", "bad", {"--fine-tune", "1"}), 2, {"frozen for good"});
  const Session& session = Session::get();
  check_refused(session({"train", "--data", session.photos, "--recipe", session.recipe, "--fine-tune", "1"}), 2,
                {"--fine-tune", "no backbone"});
  check_refused(session({"train", "--data", session.photos, "--recipe", session.recipe, "--base", backbone}), 2,
                {"--base", "--head"});
}

TEST_CASE(
    "A run on a frozen backbone that was killed when only its metrics were missing has the same model, byte for byte") {
  const Session& session = Session::get();
  REQUIRE(train(Bases::get() / "traced.pt", "late").code == 0);
  const std::string run = session.scratch / "runs/late", best = content_of(run + "/best.pt");
  std::filesystem::remove(run + "/metrics.json");
  std::filesystem::remove(run + "/best.pt");
  const Outcome outcome = session({"train", "--resume", "runs/late"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK((content_of(run + "/best.pt") == best));
  CHECK(std::filesystem::exists(run + "/metrics.json"));
}
