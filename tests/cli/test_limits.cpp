// What a model says of its own limits: predict --unknown and --coverage, and how eval fits and measures them.
#include <cmath>

#include "cli/company.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// A run that holds photos back, and copies of its model to change.
struct Calibrated {
  const Session& session = Session::get();
  std::string run = session.scratch / "runs/calibrated", model = run + "/best.pt";
  std::string dark = session.scratch / "dark";
  Outcome training;

  Calibrated() {
    training = session({"train", "--data", session.photos, "--recipe", session.recipe, "--name", "calibrated",
                        "--calibration", "0.4"});
    INFO(training.err);
    REQUIRE(training.code == 0);
    // Nothing but darkness, as before a closed lens.
    for (int i = 0; i < 6; ++i)
      session.scratch.write("dark/" + std::to_string(i) + ".ppm",
                            "P6 40 40 255\n" + std::string(40 * 40 * 3, static_cast<char>(i)));
  }
  static const Calibrated& get() {
    static const Calibrated calibrated;
    return calibrated;
  }
  std::string copy(const std::string& name) const {
    fs::copy_file(model, session.scratch / name, fs::copy_options::overwrite_existing);
    return session.scratch / name;
  }
};

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace

TEST_CASE("predict --unknown tells in every output whether a photo is like anything learned, and keeps its class") {
  const Session& session = Session::get();
  const std::vector<std::string> words{"predict", session.photos + "/valid", "--model", session.run};
  const auto plain = json_lines(session(with(words, {"--json"})).out);
  const auto lines = json_lines(session(with(words, {"--json", "--unknown", "0.2"})).out);
  REQUIRE(lines.size() == 24);
  double unknown = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    CHECK(lines[i]["class"] == plain[i]["class"]);
    CHECK(lines[i]["probabilities"] == plain[i]["probabilities"]);
    CHECK_FALSE(plain[i].contains("unknown"));
    CHECK(lines[i]["distance"].get<double>() > 0);
    CHECK(lines[i]["unknown"].get<bool>() == (lines[i]["familiarity"].get<double>() <= 0.2));
    unknown += lines[i]["unknown"].get<bool>();
  }
  // These are the photos whose distances the model holds: at most 0.2 * 25 of them are as far away.
  CHECK(unknown == 4);
  const std::string csv = session(with(words, {"--csv", "--unknown", "0.2"})).out;
  CHECK(contains(csv, "path,class,probability,Car,Truck,unknown,familiarity,distance,error\n"));
  CHECK(contains(csv, ",yes,"));
  CHECK(contains(csv, ",no,"));
  const std::string text = session(with(words, {"--unknown", "0.2"})).out;
  CHECK(contains(text, ": like nothing learned: "));
}

TEST_CASE("What is unlike anything learned is found, sorted apart, and measured by eval --ood") {
  const Calibrated& calibrated = Calibrated::get();
  const Session& session = calibrated.session;
  const std::string sorted = session.scratch / "sorted";
  const Outcome outcome = session(
      {"predict", calibrated.dark, "--model", session.run, "--unknown", "0.1", "--json", "--sort-into", sorted});
  REQUIRE(outcome.code == 0);
  for (const Json& line : json_lines(outcome.out)) CHECK(line["unknown"] == true);
  CHECK(names_in(sorted + "/unknown").size() == 6);
  const Outcome eval = session({"eval", "--data", session.photos, "--model", session.run, "--ood", calibrated.dark,
                                "-o", session.scratch / "ood", "--json"});
  INFO(eval.err);
  REQUIRE(eval.code == 0);
  const Json ood = Json::parse(eval.out)["ood"];
  CHECK(ood["photos"] == 6);
  CHECK(ood["known"] == 18);
  CHECK(ood["methods"]["features"]["auroc"].get<double>() > 0.95);
  CHECK(ood["methods"]["softmax"]["fpr95"].is_number());
  CHECK(ood["methods"]["energy"]["auroc"].is_number());
  CHECK(contains(content_of(session.scratch / "ood/report.html"), "What it does not know"));
  CHECK(contains(session({"eval", "--data", session.photos, "--model", session.run, "--ood", calibrated.dark, "-o",
                          session.scratch / "ood"})
                     .out,
                 "6 photos of something else"));
}

TEST_CASE("What is said of a photo's distance is the same bytes for any number of threads and of processes") {
  const Company& company = Company::get();
  const std::vector<std::string> words{"predict", "photos/valid", "--model", "runs/" + run_of_one(),
                                       "--json",  "--unknown",    "0.1"};
  const Outcome alone = company(with(words, {"--threads", "1"}));
  REQUIRE(alone.code == 0);
  CHECK(contains(alone.out, "\"familiarity\""));
  CHECK(company(with(words, {"--threads", "2"})).out == alone.out);
  CHECK(company.together(2, with(words, {"--threads", "1"}))[0].out == alone.out);
}

TEST_CASE("The same training gives the same model, what it knows of its limits included, with any number of threads") {
  const Calibrated& calibrated = Calibrated::get();
  const Session& session = calibrated.session;
  REQUIRE(session({"train", "--data", session.photos, "--recipe", session.recipe, "--name", "again", "--calibration",
                   "0.4", "--threads", "1"})
              .code == 0);
  CHECK((content_of(session.scratch / "runs/again/best.pt") == content_of(calibrated.model)));
}

TEST_CASE("train --calibration holds photos back, which calibrate predict --coverage and eval measures") {
  const Calibrated& calibrated = Calibrated::get();
  const Session& session = calibrated.session;
  CHECK(contains(calibrated.training.err, "held back for calibration"));
  const Json data = Json::parse(content_of(calibrated.run + "/data.json"));
  CHECK(data["train"]["count"].get<int>() + data["calibration"]["count"].get<int>() == 48);
  CHECK(data["calibration"]["count"].get<int>() >= 9);
  const std::vector<std::string> words{"predict", session.photos + "/test", "--model", calibrated.run, "--coverage",
                                       "0.9"};
  for (const Json& line : json_lines(session(with(words, {"--json"})).out)) {
    const auto possible = line["possible"].get<std::vector<std::string>>();
    REQUIRE(!possible.empty());
    CHECK(possible[0] == line["class"].get<std::string>());
  }
  CHECK(contains(session(with(words, {"--csv"})).out, "Car,Truck,possible,error\n"));
  CHECK(contains(session(words).out, "; possible at 90 %: "));
  const Outcome eval = session({"eval", "--data", session.photos, "--model", calibrated.run, "--coverage", "0.8",
                                "--json", "-o", session.scratch / "covered"});
  INFO(eval.err);
  REQUIRE(eval.code == 0);
  const Json coverage = Json::parse(eval.out)["coverage"];
  CHECK(coverage["asked"] == 0.8);
  CHECK(coverage["calibrated"] == data["calibration"]["count"]);
  CHECK(coverage["interval"][0].get<double>() <= coverage["reached"].get<double>());
  CHECK(coverage["mean_size"].get<double>() >= 1);
  CHECK(contains(
      session({"eval", "--data", session.photos, "--model", calibrated.run, "-o", session.scratch / "covered"}).out,
      "coverage 0.9 asked, "));
  const Outcome same = session({"eval", "--data", session.photos, "--model", calibrated.run, "--split", "calibration",
                                "--json", "-o", session.scratch / "covered"});
  CHECK(contains(same.err, "was calibrated with these photos"));
  CHECK_FALSE(Json::parse(same.out).contains("coverage"));
}

TEST_CASE("What a model cannot say is refused with what to do, before a photo is read") {
  const Calibrated& calibrated = Calibrated::get();
  const Session& session = calibrated.session;
  const std::string photo = session.photos + "/test";
  check_refused(session({"predict", photo, "--model", session.run, "--coverage", "0.9"}), 2,
                {"was not calibrated for it", "--calibration 0.1", "--fit-coverage"});
  check_refused(session({"predict", photo, "--model", calibrated.run, "--coverage", "0.999"}), 2,
                {"takes at least 1,000 calibration photos", "--fit-coverage"});
  check_refused(session({"predict", photo, "--model", session.run, "--unknown", "0.001"}), 2,
                {"take the distances of 1,000 photos", "holds 24", "ask for 0.0417 or more"});
  check_refused(session({"predict", photo, "--model", calibrated.run, "--coverage", "0.9", "--tta", "flip"}), 2,
                {"leave --tta out"});
  for (const std::string flag : {"--unknown", "--coverage"}) {
    for (const std::string value : {"0", "1", "-0.1"})
      check_refused(session({"predict", photo, "--model", calibrated.run, flag + "=" + value}), 2,
                    {flag + ": " + value + " is out of range; it must be above 0 and below 1"});
    for (const std::string value : {"nan", "much"})
      check_refused(session({"predict", photo, "--model", calibrated.run, flag, value}), 2,
                    {flag + ": '" + value + "' is not a number"});
  }
  check_refused(session({"eval", "--data", session.photos, "--model", calibrated.run, "--coverage", "1"}), 2,
                {"--coverage: 1 is out of range"});
  check_refused(session({"eval", "--data", session.photos, "--model", session.run, "--coverage", "0.9"}), 2,
                {"was not calibrated"});
  check_refused(session({"eval", "--data", session.photos, "--model", session.run, "--fit-coverage"}), 2,
                {"no photo of", "was held back", "--calibration 0.1"});
  // Its training photos, where nothing but their content tells of it.
  fs::copy(session.photos + "/train", session.scratch / "moved-away", fs::copy_options::recursive);
  check_refused(session({"eval", "--data", session.scratch / "moved-away", "--model", session.run, "--fit-coverage"}),
                4, {"holds photos that the model was trained on"});
  check_refused(session({"train", "--data", session.photos, "--recipe", session.recipe, "--calibration", "0.9",
                         "--valid", "0.2"}),
                2, {"valid + test + calibration"});
}

TEST_CASE("A model of an earlier version is fitted afterwards, and its probabilities stay") {
  const Session& session = Session::get();
  const std::string old = session.scratch / "old.pt", compat = std::string(CVTOOL_TESTS_FOLDER) + "/compat/0.1.0";
  std::string model;
  for (const auto& entry : fs::recursive_directory_iterator(compat))
    if (entry.path().string().find("runs/finished/best.pt") != std::string::npos) model = entry.path().string();
  REQUIRE(!model.empty());
  fs::copy_file(model, old, fs::copy_options::overwrite_existing);
  fs::permissions(old, fs::perms::owner_write, fs::perm_options::add);
  const std::vector<std::string> words{"predict", session.photos + "/test", "--model", old, "--json"};
  check_refused(session(with(words, {"--unknown", "0.1"})), 2,
                {"does not hold what its training photos are like", "--fit-unknown"});
  check_refused(session({"eval", "--data", session.photos, "--model", old, "--ood", session.photos}), 2,
                {"--ood: ", "does not hold what its training photos are like", "--fit-unknown"});
  const std::string before = session(words).out;
  const Outcome fitted = session({"eval", "--data", session.photos, "--model", old, "--fit-unknown", "--fit-coverage",
                                  "-o", session.scratch / "fitted"});
  INFO(fitted.err);
  REQUIRE(fitted.code == 0);
  CHECK(session(words).out == before);
  const auto lines = json_lines(session(with(words, {"--unknown", "0.1", "--coverage", "0.9"})).out);
  REQUIRE(!lines.empty());
  CHECK(lines[0].contains("unknown"));
  CHECK(lines[0].contains("possible"));
}

TEST_CASE("Files without code and exports keep what the model knows; ONNX leaves it behind and says so") {
  const Calibrated& calibrated = Calibrated::get();
  const Session& session = calibrated.session;
  const std::vector<std::string> asked{"--json", "--unknown", "0.1", "--coverage", "0.8"};
  const std::string photos = session.photos + "/test";
  const std::string said = session(with({"predict", photos, "--model", calibrated.run}, asked)).out;
  const std::string weights = session.scratch / "limits.safetensors";
  REQUIRE(session({"export", "--model", calibrated.run, "--format", "safetensors", "-o", weights}).code == 0);
  CHECK(session(with({"predict", photos, "--model", weights}, asked)).out == said);
  const std::string frozen = session.scratch / "limits.pt";
  REQUIRE(session({"export", "--model", calibrated.run, "-o", frozen}).code == 0);
  CHECK(json_lines(session(with({"predict", photos, "--model", frozen}, asked)).out).size() == 18);
  const Outcome onnx =
      session({"export", "--model", calibrated.run, "--format", "onnx", "-o", session.scratch / "limits.onnx"});
  CHECK(contains(onnx.err, "is not in this file: ONNX has no place for it"));
  CHECK_FALSE(contains(content_of(session.scratch / "limits.onnx"), "\"familiar"));
  const Outcome small =
      session({"export", "--model", calibrated.run, "--precision", "int8", "-o", session.scratch / "small.pt"});
  CHECK(contains(small.err, "it was fitted in fp32"));
  check_refused(session(with({"predict", photos, "--model", session.scratch / "small.pt"}, asked)), 2,
                {"--fit-unknown"});
}

TEST_CASE("Another temperature calibrates the sets anew where photos are held back, and leaves distances as they are") {
  const Session& session = Session::get();
  // So many that the net learns something, whoever compiled the program: else no temperature can be fitted.
  const std::string photos = session.scratch / "more-photos", model = session.scratch / "runs/tempered/best.pt",
                    former = session.scratch / "former.pt";
  REQUIRE(session({"data", "sample", photos, "--train-per-class", "160", "--valid-per-class", "40", "--test-per-class",
                   "9", "--size", "40x56"})
              .code == 0);
  REQUIRE(session({"train", "--data", photos, "--recipe", session.recipe, "--epochs", "8", "--name", "tempered",
                   "--calibration", "0.4"})
              .code == 0);
  fs::copy_file(model, former);
  const Outcome outcome = session(
      {"eval", "--data", photos, "--model", model, "--calibrate", "temperature", "-o", session.scratch / "tempered"});
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.err, "calibrated for sets of classes with"));
  const std::vector<std::string> words{"predict", photos + "/test", "--json", "--unknown", "0.1", "--coverage", "0.8"};
  const auto before = json_lines(session(with(words, {"--model", former})).out),
             after = json_lines(session(with(words, {"--model", model})).out);
  REQUIRE(before.size() == 18);
  REQUIRE(before.size() == after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    CHECK(before[i]["distance"] == after[i]["distance"]);
    CHECK(before[i]["possible"] == after[i]["possible"]);  // of two classes their order by probability stays
    CHECK(before[i]["probability"] != after[i]["probability"]);
  }
}
