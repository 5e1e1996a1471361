// A linear probe, from outside.
#include "cli/transfer_runs.h"

using namespace cvtool;
using namespace cvtool::transfer;

TEST_CASE("A probe is solved in one epoch: the same model for any number of threads, and for its penalty by hand") {
  const Session& session = Session::get();
  const std::string backbone = Bases::get() / "traced.pt";
  const std::vector<std::string> flips{"--augment", "flip=horizontal", "--probe", "--head",
                                       "flatten,dropout:0.5,dense"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), flips.begin(), flips.end());
    return more;
  };
  const Outcome outcome = train(backbone, "probe", with({"--threads", "1"}));
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.err, "epochs is 1 and not 3"));
  CHECK(contains(outcome.err, "48 photos in 2 forms computed once"));
  CHECK(contains(outcome.out, "epoch 1 of 1"));
  const Json config = Json::parse(content_of(session.scratch / "runs/probe/config.json"));
  CHECK(config["train"]["epochs"] == 1);
  CHECK(config["transfer"]["probe"] == true);
  CHECK(config["transfer"]["probe_l2"] == 0.0);
  const Json rows = history("probe");
  REQUIRE(rows.size() == 1);

  REQUIRE(train(backbone, "probe-2", with({"--threads", "2"})).code == 0);
  CHECK((content_of(session.scratch / "runs/probe-2/best.pt") == content_of(session.scratch / "runs/probe/best.pt")));
  const std::string said = outcome.err.substr(outcome.err.find("probe: L2 ") + 10);
  REQUIRE(train(backbone, "probe-l2", with({"--probe-l2", said.substr(0, said.find(' ')), "--feature-cache", "none"}))
              .code == 0);
  CHECK(largest_difference(history("probe-l2"), rows) == 0);
  // More features than photos: without a penalty that is felt they are told apart without a fault.
  REQUIRE(train(backbone, "probe-weak", with({"--probe-l2", "1e-9"})).code == 0);
  CHECK(history("probe-weak")[0][2] == 1.0);

  const Outcome again = session({"train", "--resume", "runs/probe", "--epochs", "5"});
  check_refused(again, 2, {"the run is finished"});
}

TEST_CASE("Fine-tuning goes on from the solved head, and goes on where it was stopped") {
  const Session& session = Session::get();
  const std::string backbone = Bases::get() / "scripted.pt";
  const std::vector<std::string> more{"--probe", "--fine-tune",   "features.2", "--augment", "rotation=0.1",
                                      "--head",  "flatten,dense", "--monitor",  "none",      "--schedule",
                                      "cosine",  "--ema",         "0.9"};
  const Outcome whole = train(backbone, "probe-tuned", more);
  CAPTURE(whole.err);
  REQUIRE(whole.code == 0);
  CHECK(contains(whole.out, "last epoch 3 of 3: accuracy "));
  CHECK_FALSE(contains(whole.err, "in 2 forms"));
  const Json rows = history("probe-tuned");
  REQUIRE(rows.size() == 3);
  CHECK(changed_tensors({{"scripted", "probe-tuned"}}).at(0)["changed"] ==
        Json{"features.2.0.weight", "features.2.0.bias"});

  Invocation invocation;
  invocation.folder = session.scratch.path();
  invocation.arguments = {"train",   "--data",      session.photos, "--base", backbone,  "--name", "probe-stopped",
                          "--imgsz", "32",          "--epochs",     "3",      "--batch", "16",     "--lr",
                          "0.01",    "--precision", "fp32"};
  invocation.arguments.insert(invocation.arguments.end(), more.begin(), more.end());
  invocation.environment = signal_at_file(SIGINT, 11);
  const Outcome stopped = run_program(invocation);
  CAPTURE(stopped.err);
  CHECK(stopped.code == 130);
  CHECK(contains(stopped.err, "the last model so far is runs/probe-stopped/best.pt"));
  const Outcome resumed = session({"train", "--resume", "runs/probe-stopped"});
  CAPTURE(resumed.err);
  REQUIRE(resumed.code == 0);
  CHECK(contains(resumed.err, "going on in epoch 2"));
  CHECK(largest_difference(history("probe-stopped"), rows) == 0);
}

TEST_CASE("A probe that does not fit its net or its other settings is refused with the next step") {
  const std::string backbone = Bases::get() / "traced.pt";
  const Session& session = Session::get();
  const auto refused = [&](std::vector<std::string> more, const std::vector<std::string>& words) {
    check_refused(train(backbone, "bad", std::move(more)), 2, words);
  };
  refused({"--probe", "--head", "global_avg,dense:8:relu"}, {"--probe", "one dense layer", "--head global_avg,dense"});
  refused({"--probe", "--augment", "rotation=0.1"}, {"--probe", "rotation=0.1", "--augment-views N"});
  refused({"--probe", "--loss", "focal"}, {"--probe", "focal"});
  refused({"--probe", "--fine-tune", "1", "--freeze-epochs", "2"}, {"--freeze-epochs 2"});
  refused({"--probe", "--find-lr", session.scratch / "lr.png"}, {"--find-lr", "--fine-tune"});
  refused({"--probe-l2", "0.1"}, {"--probe-l2", "--probe"});
  refused({"--monitor", "none", "--patience", "2"}, {"--patience", "--monitor none"});
  check_refused(session({"train", "--data", session.photos, "--base", backbone, "--head", "flatten,dense", "--probe",
                         "--fine-tune", "1", "--epochs", "1"}),
                2, {"--epochs 1", "--fine-tune"});
  check_refused(session({"train", "--data", session.photos, "--recipe", session.recipe, "--probe"}), 2,
                {"--probe", "no backbone", "--base"});
}
