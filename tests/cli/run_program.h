// The built program, started from outside.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cvtool {

struct Invocation {
  std::vector<std::string> arguments;
  std::string folder;                              // working folder; empty: the caller's
  std::map<std::string, std::string> environment;  // over the caller's
  std::string input;                               // stdin
  std::string output_file;                         // where stdout goes instead of Outcome::out ("/dev/full")
  std::string program;                             // empty: the program that was built
};

struct Outcome {
  int code = -1;  // exit code; 128 + signal when one ended it
  std::string out, err;
};

Outcome run_program(const Invocation& invocation);

// The environment in which the program gets `signal` when it is about to flush or to rename a file for the `count`-th
// time.
std::map<std::string, std::string> signal_at_file(int signal, int count);

// A program that is still running; killed when it goes.
class RunningProgram {
 public:
  explicit RunningProgram(const Invocation& invocation);
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  void send(int signal) const;
  // True as soon as stderr holds `text`; false when the program ends first, or after two minutes.
  bool wait_for_message(const std::string& text);
  // The same for a signal that the program handles from then on, and for anything else.
  bool wait_for_handler(int signal);
  bool wait_until(const std::function<bool()>& happened);
  Outcome wait();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cvtool
