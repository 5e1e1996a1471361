// Cross-validation, from outside.
#include "cli/transfer_runs.h"

using namespace cvtool;
using namespace cvtool::transfer;

namespace {

size_t times(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

const std::vector<std::string>& probe() {
  static const std::vector<std::string> flags{"--probe", "--head", "flatten,dense", "--augment", "none"};
  return flags;
}

std::vector<std::string> with_probe(std::vector<std::string> more) {
  more.insert(more.begin(), probe().begin(), probe().end());
  return more;
}

}  // namespace

TEST_CASE("Folds are the models of their separate runs, and features are computed once") {
  const Session& session = Session::get();
  const std::string backbone = Bases::get() / "traced.pt";
  const Outcome outcome = train(backbone, "cross", with_probe({"--folds", "3"}));
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  // The first fold's two parts are all photos; the other folds find theirs.
  CHECK(times(outcome.err, "computed once") == 2);
  CHECK(times(outcome.err, "found in the cache") == 4);
  int64_t photos = 0;
  double mean = 0;
  const Json metrics = Json::parse(content_of(session.scratch / "runs/cross/metrics.json"));
  REQUIRE(metrics["folds"]["runs"].size() == 3);
  for (int fold = 1; fold <= 3; ++fold) {
    const std::string number = std::to_string(fold), alone = "cross-alone-" + number;
    REQUIRE(train(backbone, alone, with_probe({"--folds", "3", "--fold", number})).code == 0);
    const std::string run = session.scratch / ("runs/cross/fold-" + number);
    CHECK((content_of(run + "/best.pt") == content_of(session.scratch / ("runs/" + alone + "/best.pt"))));
    CHECK(content_of(run + "/predictions.csv") == content_of(session.scratch / ("runs/" + alone + "/predictions.csv")));
    const Json one = Json::parse(content_of(run + "/metrics.json"));
    photos += one["metrics"]["count"].get<int64_t>();
    mean += one["metrics"]["accuracy"].get<double>() / 3;
  }
  CHECK(metrics["metrics"]["count"] == photos);
  CHECK(metrics["folds"]["mean"].get<double>() == doctest::Approx(mean));
  CHECK(metrics["metrics"]["intervals"]["accuracy"].size() == 2);
  CHECK(contains(outcome.out, "3 folds: mean "));
  // Each photo once, with what its fold's model said.
  const std::string all = content_of(session.scratch / "runs/cross/predictions.csv");
  CHECK(times(all, "\n") == static_cast<size_t>(photos) + 1);
  std::istringstream rows(content_of(session.scratch / "runs/cross/fold-2/predictions.csv"));
  for (std::string row; std::getline(rows, row);) CHECK(contains(all, row + "\n"));
  CHECK(contains(content_of(session.scratch / "runs/cross/report.html"), "the model that has not seen it"));
  CHECK_FALSE(std::filesystem::exists(session.scratch / "runs/cross/MODEL_CARD.md"));
}

TEST_CASE("Folds combine with seeds in a row, and refuse what they cannot") {
  const Session& session = Session::get();
  const std::string backbone = Bases::get() / "traced.pt";
  const Outcome repeated = train(backbone, "seeds", with_probe({"--folds", "2", "--repeat", "2", "--json"}));
  CAPTURE(repeated.err);
  REQUIRE(repeated.code == 0);
  const Json series = json_lines(repeated.out).back();
  CHECK(series["results"][0]["runs"].size() == 2);
  CHECK(std::filesystem::exists(session.scratch / "runs/seeds-2/fold-2/best.pt"));
  check_refused(train(backbone, "none", with_probe({"--folds", "1"})), 2, {"folds"});
  check_refused(train(backbone, "none", with_probe({"--folds", "2", "--fold", "3"})), 2, {"--fold 3 of 2"});
  check_refused(session({"train", "--resume", "runs/seeds-1/fold-1", "--folds", "2", "--fold", "0"}), 2, {"--folds"});
  check_refused(session({"train", "--resume", "runs/seeds-1"}), 2, {"--resume runs/seeds-1/fold-1", "--fold"});
  check_refused(train(backbone, "none", with_probe({"--fold", "1"})), 2, {"--folds K"});
  check_refused(train(backbone, "none", with_probe({"--folds", "40"})), 4,
                {"the class 'Car' has 36 photos", "36 folds"});
  check_refused(train(backbone, "none", with_probe({"--group", "("})), 2, {"--group", "regular expression"});
  check_refused(train(backbone, "none", with_probe({"--folds", "2", "--group", "^(.)"})), 4,
                {"the group 'c' holds all 36 photos of the class 'Car'"});
  CHECK_FALSE(std::filesystem::exists(session.scratch / "runs/none"));
}

TEST_CASE("A model of a fold is evaluated on that fold, and on all of other data") {
  const Session& session = Session::get();
  const Outcome own =
      session({"eval", "--model", "runs/cross/fold-1", "--data", session.photos, "--split", "valid", "--json"});
  CAPTURE(own.err);
  REQUIRE(own.code == 0);
  const Json fold = Json::parse(content_of(session.scratch / "runs/cross/fold-1/metrics.json"));
  CHECK(Json::parse(own.out)["metrics"]["count"] == fold["metrics"]["count"]);
}
