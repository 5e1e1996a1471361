// Several processes that share the photos of eval and predict.
#include <regex>

#include "cli/company.h"

namespace fs = std::filesystem;
using namespace cvtool;

namespace {

// Photos as they come: one cut short, one that is none.
const std::string& odd_photos() {
  static const std::string folder = [] {
    const Company& company = Company::get();
    fs::copy(company.photos + "/valid", company.scratch / "odd", fs::copy_options::recursive);
    const std::string photo = (*fs::directory_iterator(company.scratch / "odd/Car")).path().string();
    company.scratch.write("odd/Car/cut.jpg", content_of(photo).substr(0, content_of(photo).size() / 2));
    company.scratch.write("odd/Truck/none.jpg", "no photo");
    return company.scratch / "odd";
  }();
  return folder;
}

// What a clock fills in.
std::string without_times(const std::string& text) {
  return std::regex_replace(text, std::regex(R"re( time="[^"]*")re"), "");
}

std::vector<std::string> evaluation(const std::string& output) {
  return {
      "eval",      "--data",      odd_photos(), "--model", "runs/" + run_of_one(), "--split", "all",           "-o",
      output,      "--threads",   "1",          "--min",   "accuracy=0.01",        "--junit", output + ".xml", "--json",
      "--summary", output + ".md"};
}

}  // namespace

TEST_CASE("eval by two and three processes writes the files of one, byte for byte, and rank 0 alone speaks") {
  const Company& company = Company::get();
  const Outcome alone = company(evaluation("alone"));
  CAPTURE(alone.err);
  REQUIRE(alone.code == 0);
  for (const int size : {2, 3}) {
    CAPTURE(size);
    const std::vector<Outcome> outcomes = company.together(size, evaluation("shared"));
    CAPTURE(outcomes[0].err);
    CAPTURE(outcomes[1].err);
    for (const Outcome& outcome : outcomes) CHECK(outcome.code == 0);
    CHECK(outcomes[0].out == alone.out);
    CHECK(outcomes[1].out.empty());
    CHECK(outcomes[1].err.empty());
    CHECK(contains(outcomes[0].err, "skipped Truck/none.jpg"));
    CHECK(contains(outcomes[0].err, "Car/cut.jpg"));
    for (const std::string& name : names_in(company.scratch / "alone")) {
      CAPTURE(name);
      CHECK((content_of(company.scratch / ("alone/" + name)) == content_of(company.scratch / ("shared/" + name))));
    }
    CHECK(names_in(company.scratch / "alone") == names_in(company.scratch / "shared"));
    CHECK(content_of(company.scratch / "alone.md") == content_of(company.scratch / "shared.md"));
    CHECK(without_times(content_of(company.scratch / "alone.xml")) ==
          without_times(content_of(company.scratch / "shared.xml")));
    fs::remove_all(company.scratch / "shared");
    fs::remove(company.scratch / "shared.md");
  }
}

TEST_CASE("predict by two and three processes says what one says, in the same order") {
  const Company& company = Company::get();
  const std::vector<std::string> words{
      "predict", odd_photos(), company.photos + "/train", "--csv", "--model", "runs/" + run_of_one(), "--threads", "1"};
  const Outcome alone = company(words);
  CHECK(alone.code == 4);
  CHECK(std::count(alone.out.begin(), alone.out.end(), '\n') > 160);
  CHECK(contains(alone.out, "cut.jpg,,"));
  for (const int size : {2, 3}) {
    const std::vector<Outcome> outcomes = company.together(size, words);
    CAPTURE(outcomes[0].err);
    CHECK(outcomes[0].code == 4);
    CHECK(outcomes[0].out == alone.out);
    CHECK(contains(outcomes[0].err, "2 images could not be read"));
    CHECK(outcomes[1].code == 0);
    CHECK(outcomes[1].out.empty());
  }
}

TEST_CASE("A photo that one machine has and another has not ends all, by its name; so does what only one can see") {
  const Company& company = Company::get();
  fs::copy(odd_photos(), company.scratch / "fewer", fs::copy_options::recursive);
  const fs::path lost = *fs::directory_iterator(company.scratch / "fewer/Car");
  fs::remove(lost);
  std::vector<std::string> whole = evaluation("unequal"), fewer = whole;
  fewer[2] = company.scratch / "fewer";
  for (const auto& program : company.start({whole, fewer}))
    check_refused(
        program->wait(), 1,
        {"rank 1 on ", "the photos that were found in ", "Car/" + lost.filename().string(), "is only on rank 0"});
  CHECK_FALSE(fs::exists(company.scratch / "unequal"));

  const std::vector<std::string> model{"--model", "runs/" + run_of_one()};
  const auto predicting = [&](const std::string& what) {
    return std::vector<std::string>{"predict", what, "--model", "runs/" + run_of_one(), "--dist-timeout", "5"};
  };
  std::vector<Outcome> outcomes;
  for (const auto& program : company.start({predicting(odd_photos()), predicting(company.scratch / "fewer")}))
    outcomes.push_back(program->wait());
  for (const Outcome& outcome : outcomes) {
    CAPTURE(outcome.err);
    CHECK(outcome.code == 1);
    CHECK(contains(outcome.err, "give each machine the same files"));
    CHECK(contains(outcome.err, "rank 1 on "));
  }
  for (const Outcome& outcome : company.together(2, predicting("-")))
    check_refused(outcome, 2, {"paths on standard input work in one process"});
}
