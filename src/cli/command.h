// The subcommands: each parses its flags without touching anything, then works.
#pragma once

#include <memory>
#include <vector>

#include "spec/engine.h"

namespace CLI {
class App;
}

namespace cvtool {

class Console;

class Command {
 public:
  virtual ~Command() = default;
  // Does the work; results go to stdout. Returns the exit code.
  virtual int run(const Engine& engine, Console& console) = 0;
};

struct CommandKind {
  const char* name;
  const char* help;
  // Adds the command's flags to `app` and returns the command, which the parsing fills.
  std::unique_ptr<Command> (*make)(CLI::App& app);
};

std::unique_ptr<Command> make_train(CLI::App& app);
std::unique_ptr<Command> make_eval(CLI::App& app);
std::unique_ptr<Command> make_compare(CLI::App& app);
std::unique_ptr<Command> make_predict(CLI::App& app);
std::unique_ptr<Command> make_export(CLI::App& app);
std::unique_ptr<Command> make_import(CLI::App& app);
std::unique_ptr<Command> make_explain(CLI::App& app);
std::unique_ptr<Command> make_verify(CLI::App& app);
std::unique_ptr<Command> make_summary(CLI::App& app);
std::unique_ptr<Command> make_sample(CLI::App& app);
std::unique_ptr<Command> make_check(CLI::App& app);
std::unique_ptr<Command> make_stats(CLI::App& app);
std::unique_ptr<Command> make_split(CLI::App& app);
std::unique_ptr<Command> make_unpack(CLI::App& app);
std::unique_ptr<Command> make_preview(CLI::App& app);

// Runs the program; returns the exit code. Errors are printed here and nowhere else.
int run_program(int argc, char** argv);

}  // namespace cvtool
