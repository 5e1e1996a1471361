// Several processes of the program, as a launcher starts them, and what one of them makes alone.
#pragma once

#include <algorithm>
#include <memory>

#include "cli/session.h"
#include "free_port.h"

namespace cvtool {

// Batches of several parts, what meets in them, what draws, and what looks at the photos behind a batch.
constexpr const char* kSharedRecipe = R"({
  "name": "shared",
  "data": {"imgsz": 64},
  "augment": [{"kind": "random_flip", "mode": "horizontal"}, {"kind": "mixup"}],
  "model": {"layers": [
    {"kind": "conv2d", "filters": 8, "strides": 2, "padding": "same", "bias": false},
    {"kind": "batch_norm", "momentum": 0.8, "activation": "relu"},
    {"kind": "max_pool2d"}, {"kind": "dropout", "rate": 0.1}, {"kind": "flatten"}, {"kind": "dense"}]},
  "train": {"epochs": 2, "batch": 48, "lr": 0.01, "clip_norm": 1, "ema": 0.9}})";

struct Company {
  Scratch scratch;
  std::string photos = scratch / "photos";

  Company() {
    scratch.write("shared.json", kSharedRecipe);
    REQUIRE((*this)({"data", "sample", photos, "--train-per-class", "40", "--valid-per-class", "40", "--test-per-class",
                     "1", "--size", "72x72"})
                .code == 0);
  }
  static const Company& get() {
    static const Company company;
    return company;
  }

  Invocation invocation(const std::vector<std::string>& arguments) const {
    Invocation out;
    out.arguments = arguments;
    out.folder = scratch.path();
    return out;
  }
  Outcome operator()(const std::vector<std::string>& arguments) const { return run_program(invocation(arguments)); }

  std::vector<std::string> training(const std::string& name, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"train",     "--data", photos,   "--recipe", "shared.json",
                                   "--threads", "1",      "--name", name};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::vector<std::unique_ptr<RunningProgram>> start(int size, const std::vector<std::string>& arguments) const {
    return start(std::vector<std::vector<std::string>>(static_cast<size_t>(size), arguments));
  }
  // Each rank with its own.
  std::vector<std::unique_ptr<RunningProgram>> start(const std::vector<std::vector<std::string>>& of_rank,
                                                     const std::map<std::string, std::string>& more = {}) const {
    const std::string port = std::to_string(free_port());
    const auto size = static_cast<int>(of_rank.size());
    std::vector<std::unique_ptr<RunningProgram>> programs;
    for (int rank = 0; rank < size; ++rank) {
      Invocation one = invocation(of_rank[static_cast<size_t>(rank)]);
      one.environment = {{"RANK", std::to_string(rank)},
                         {"WORLD_SIZE", std::to_string(size)},
                         {"MASTER_ADDR", "127.0.0.1"},
                         {"MASTER_PORT", port}};
      one.environment.insert(more.begin(), more.end());
      programs.push_back(std::make_unique<RunningProgram>(one));
    }
    return programs;
  }

  std::vector<Outcome> together(int size, const std::vector<std::string>& arguments) const {
    std::vector<Outcome> outcomes;
    for (const auto& program : start(size, arguments)) outcomes.push_back(program->wait());
    return outcomes;
  }

  void check_same_run(const std::string& run, const std::string& other) const {
    for (const std::string file : {"/best.pt", "/last.pt"})
      CHECK((content_of(scratch / ("runs/" + run + file)) == content_of(scratch / ("runs/" + other + file))));
    CHECK(timeless(content_of(scratch / ("runs/" + run + "/history.csv"))) ==
          timeless(content_of(scratch / ("runs/" + other + "/history.csv"))));
  }
};

inline const std::string& run_of_one() {
  static const std::string name = [] {
    const Outcome outcome = Company::get()(Company::get().training("one"));
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    return "one";
  }();
  return name;
}

}  // namespace cvtool
