// What most tests of the program need: drawn photos, a small recipe and a trained run. Made once a test
// program.
#pragma once

#include <doctest/doctest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/run_program.h"
#include "scratch.h"

namespace cvtool {

// A net that trains in a second; `train` adds keys to its section.
inline std::string small_recipe(const std::string& train = "") {
  return R"({
    "name": "small",
    "data": {"imgsz": 32},
    "model": {"layers": [
      {"kind": "conv2d", "filters": 8, "strides": 2, "padding": "same", "bias": false},
      {"kind": "batch_norm", "momentum": 0.8, "activation": "relu"},
      {"kind": "max_pool2d"}, {"kind": "dropout", "rate": 0.1}, {"kind": "flatten"}, {"kind": "dense"}]},
    "train": {"epochs": 2, "batch": 16, "lr": 0.01)" +
         train + "}}";
}

class Session {
 public:
  static const Session& get() {
    static const Session session;
    return session;
  }

  // Runs the program in the session's folder.
  Outcome operator()(const std::vector<std::string>& arguments) const {
    Invocation invocation;
    invocation.arguments = arguments;
    invocation.folder = scratch.path();
    return run_program(invocation);
  }

  const Scratch scratch;
  std::string photos = scratch / "photos";  // train 24 + 24, valid 12 + 12, test 9 + 9, 40x56 pixels
  std::string recipe = scratch / "small.json";
  std::string run = scratch / "runs/first";  // trained with `recipe` on `photos`
  std::string model = run + "/best.pt";
  Outcome training;

 private:
  Session() {
    scratch.write("small.json", small_recipe());
    const Outcome drawn = (*this)({"data", "sample", photos, "--train-per-class", "24", "--valid-per-class", "12",
                                   "--test-per-class", "9", "--size", "40x56"});
    INFO(drawn.err);
    REQUIRE(drawn.code == 0);
    training = (*this)({"train", "--data", photos, "--recipe", recipe, "--name", "first"});
    INFO(training.err);
    REQUIRE(training.code == 0);
  }
};

// What a program in the session's folder says when Ctrl-C meets it after `message` on stderr.
inline Outcome interrupted_after(const std::string& message, const std::vector<std::string>& arguments) {
  Invocation invocation;
  invocation.folder = Session::get().scratch.path();
  invocation.arguments = arguments;
  RunningProgram program(invocation);
  REQUIRE(program.wait_for_message(message));
  program.send(SIGINT);
  return program.wait();
}

// The objects of JSON Lines.
inline std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

// history.csv without the columns that a clock fills.
inline std::string timeless(const std::string& history) {
  std::istringstream in(history);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    line.erase(line.rfind(','));
    line.erase(line.rfind(','));
    out += line + "\n";
  }
  return out;
}

// A refusal: exit code, nothing on stdout, one line on stderr that says all of `parts`, and no internal
// error.
inline void check_refused(const Outcome& outcome, int code, const std::vector<std::string>& parts) {
  CAPTURE(outcome.err);
  CHECK(outcome.code == code);
  CHECK(outcome.out.empty());
  CHECK(contains(outcome.err, "cvtool: "));
  CHECK_FALSE(contains(outcome.err, "internal error"));
  for (const std::string& part : parts) {
    CAPTURE(part);
    CHECK(contains(outcome.err, part));
  }
}

}  // namespace cvtool
