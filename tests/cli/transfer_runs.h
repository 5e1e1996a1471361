// Backbones made by the distribution's PyTorch, once a test program, and runs on them.
#pragma once

#include <algorithm>
#include <cmath>

#include "cli/session.h"

namespace cvtool::transfer {

class Bases {
 public:
  static const Bases& get() {
    static const Bases backbones;
    return backbones;
  }
  std::string operator/(const std::string& name) const { return folder / name; }
  const Scratch folder;

 private:
  Bases() {
    Invocation python;
    python.program = CVTOOL_PYTHON;
    python.arguments = {std::string(CVTOOL_TESTS_FOLDER) + "/cli/make_bases.py", folder.path()};
    const Outcome made = run_program(python);
    INFO(made.err);
    REQUIRE(made.code == 0);
  }
};

// Three epochs on the session's photos at 32 px, in float32 where `more` names no precision.
inline Outcome train(const std::string& backbone, const std::string& name, std::vector<std::string> more = {}) {
  const Session& session = Session::get();
  std::vector<std::string> arguments{"train",  "--data",  session.photos, "--base", backbone,
                                     "--name", name,      "--imgsz",      "32",     "--epochs",
                                     "3",      "--batch", "16",           "--lr",   "0.01"};
  if (std::count(more.begin(), more.end(), "--precision") == 0)
    arguments.insert(arguments.end(), {"--precision", "fp32"});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return session(arguments);
}

inline Json history(const std::string& name) {
  std::istringstream in(content_of(Session::get().scratch / ("runs/" + name + "/history.csv")));
  Json rows = Json::array();
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream cells(line);
    Json row = Json::array();
    for (std::string cell; std::getline(cells, cell, ',') && row.size() < 5;) row.push_back(std::stod(cell));
    rows.push_back(row);
  }
  return rows;
}

inline double largest_difference(const Json& a, const Json& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t k = 0; k < a[i].size(); ++k)
      largest = std::max(largest, std::abs(a[i][k].get<double>() - b[i][k].get<double>()));
  return largest;
}

// Of each pair of a backbone's form and a run on it.
inline Json changed_tensors(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Invocation python;
  python.program = CVTOOL_PYTHON;
  python.arguments = {std::string(CVTOOL_TESTS_FOLDER) + "/cli/check_base.py"};
  for (const auto& [form, run] : pairs) {
    python.arguments.push_back(Bases::get() / (form + ".pt"));
    python.arguments.push_back(Session::get().scratch / ("runs/" + run + "/last.pt"));
  }
  const Outcome outcome = run_program(python);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  return Json::parse(outcome.out);
}

}  // namespace cvtool::transfer
