// Labels that look wrong, found and put right, from outside.
#include <filesystem>

#include "base/csv.h"
#include "base/files.h"
#include "cli/transfer_runs.h"

using namespace cvtool;
using namespace cvtool::transfer;
namespace fs = std::filesystem;

namespace {

// The session's photos in one folder of classes; every eighth lies in the other class.
const std::string& flipped_photos() {
  static const std::string folder = [] {
    const Session& session = Session::get();
    std::string to = session.scratch / "flipped";
    for (const std::string name : {"Car", "Truck"})
      for (const char* split : {"train", "valid", "test"}) {
        int number = 0;
        for (const auto& entry : fs::directory_iterator(session.photos + "/" + split + "/" + name)) {
          const std::string photo = std::string(split) + entry.path().filename().string();
          const bool flip = ++number % 8 == 0;
          const std::string target = to + "/" + (flip ? (name == "Car" ? "Truck" : "Car") : name);
          fs::create_directories(target);
          fs::copy_file(entry.path(), target + "/" + photo);
        }
      }
    return to;
  }();
  return folder;
}

std::vector<std::string> auditing(std::vector<std::string> more) {
  std::vector<std::string> arguments{"data", "audit", flipped_photos(), "--threads", "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(folder).string());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("An audit solves a probe for each fold, and writes what it found") {
  const Session& session = Session::get();
  const std::string backbone = Bases::get() / "traced.pt";
  const Outcome outcome =
      session(auditing({"--base", backbone, "--imgsz", "32", "--folds", "3", "-o", "audit", "--json"}));
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const Json found = Json::parse(outcome.out);
  CHECK(found["photos"] == 90);
  CHECK(found["classes"] == Json({"Car", "Truck"}));
  double sum = 0;
  for (const Json& row : found["joint"])
    for (const Json& part : row) sum += part.get<double>();
  CHECK(sum == doctest::Approx(1));
  CHECK(found["thresholds"].size() == 2);
  CHECK(Json::parse(content_of(session.scratch / "audit/audit.json")) == found);
  const auto rows = csv_records(content_of(session.scratch / "audit/labels.csv"), "labels.csv");
  REQUIRE(rows.size() == found["labels"].size() + 1);
  double before = 0;
  for (size_t i = 1; i < rows.size(); ++i) {
    CHECK(rows[i].fields[0] == found["labels"][i - 1]["path"]);
    CHECK(rows[i].fields[1] != rows[i].fields[2]);
    CHECK(std::stod(rows[i].fields[3]) >= before);
    before = std::stod(rows[i].fields[3]);
  }
  CHECK(fs::exists(session.scratch / "audit/folds/fold-3/best.pt"));
  CHECK(contains(content_of(session.scratch / "audit/audit.html"), "<h1>Labels of "));
  check_refused(session(auditing({"--base", backbone, "-o", "audit"})), 2, {"holds an audit", "--run audit/folds"});
  // The same predictions are the same findings.
  const Outcome again = session(auditing({"--run", "audit/folds", "-o", "again"}));
  CAPTURE(again.err);
  REQUIRE(again.code == 0);
  CHECK(content_of(session.scratch / "again/labels.csv") == content_of(session.scratch / "audit/labels.csv"));
  CHECK(contains(again.out, "of 90"));
  CHECK(contains(again.out, "next: open audit.html"));
}

TEST_CASE("An audit refuses runs and data that do not fit each other") {
  const Session& session = Session::get();
  REQUIRE(fs::exists(session.scratch / "audit/folds/predictions.csv"));
  check_refused(session(auditing({"--run", "runs/first", "-o", "none"})), 2,
                {"no finished run of cvtool train --folds"});
  check_refused(session(auditing({"--folds", "1", "-o", "none"})), 2, {"--folds"});
  check_refused(session({"data", "audit", session.photos, "--run", "audit/folds", "-o", "none"}), 4,
                {"is none of the photos"});
  check_refused(session({"data", "audit", "nowhere"}), 4, {"nowhere"});
  CHECK_FALSE(fs::exists(session.scratch / "none"));
  const Outcome strict = session(auditing({"--run", "audit/folds", "-o", "strict", "--check"}));
  CHECK(strict.code == 4);
  CHECK(contains(strict.err, "--check"));
  CHECK(fs::exists(session.scratch / "strict/labels.csv"));
}

TEST_CASE("Fixes are applied, undone, and refused, and an audit notices that labels have changed") {
  const Session& session = Session::get();
  const Json found = Json::parse(content_of(session.scratch / "audit/audit.json"));
  REQUIRE(found["labels"].size() >= 2);
  const std::string first = found["labels"][0]["path"], given = found["labels"][0]["given"],
                    suggested = found["labels"][0]["suggested"], second = found["labels"][1]["path"];
  session.scratch.write("fixes.csv", "path,given,action,label\n" + first + "," + given + ",relabel," + suggested +
                                         "\n" + second + ",,drop,\n");
  const std::vector<std::string> before = files_in(flipped_photos());
  const Outcome copied = session({"data", "fix", flipped_photos(), "fixes.csv", "--into", "fixed"});
  CAPTURE(copied.err);
  REQUIRE(copied.code == 0);
  CHECK(contains(copied.out, "relabelled 1 photo, dropped 1, kept 0; copied 89"));
  CHECK(files_in(flipped_photos()) == before);
  CHECK(fs::exists(session.scratch / ("fixed/" + suggested + "/" + fs::path(first).filename().string())));
  CHECK_FALSE(fs::exists(session.scratch / ("fixed/" + second)));
  const Outcome moved = session({"data", "fix", flipped_photos(), "fixes.csv", "--in-place"});
  REQUIRE(moved.code == 0);
  CHECK(contains(moved.out, "fixes-undo.csv --undo"));
  CHECK(files_in(flipped_photos()).size() == before.size());
  CHECK(session(auditing({"--run", "audit/folds", "-o", "late"})).code == 4);
  REQUIRE(session({"data", "fix", flipped_photos(), "fixes-undo.csv", "--undo", "--json"}).code == 0);
  CHECK(files_in(flipped_photos()) == before);
  session.scratch.write("wrong.csv", "path,action,label\n" + first + ",relabel,Trukc\n");
  check_refused(session({"data", "fix", flipped_photos(), "wrong.csv", "--in-place"}), 4, {"line 2", "Trukc", "Truck"});
  check_refused(session({"data", "fix", flipped_photos(), "fixes.csv"}), 2, {"--into DIR"});
}
