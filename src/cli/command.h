// The subcommands: each parses its flags without touching anything, then works.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "cli/load_engine.h"

namespace CLI {
class App;
}

namespace cvtool {

class Console;

// Does the work of a command whose flags are parsed; results go to stdout. Returns the exit code.
using Command = std::function<int(Console& console)>;

// Of a class that adds its flags to `app`, which fill it, and has the function run(engine, console). The engine is
// loaded when it is to run.
template <class Parsed>
Command command_of(CLI::App& app) {
  return [parsed = std::make_shared<Parsed>(app)](Console& console) { return parsed->run(load_engine(), console); };
}

// The same for what needs no engine: run(console).
template <class Parsed>
Command light_command_of(CLI::App& app) {
  return [parsed = std::make_shared<Parsed>(app)](Console& console) { return parsed->run(console); };
}

struct CommandKind {
  const char* name;
  const char* help;
  // Adds the command's flags to `app`.
  Command (*make)(CLI::App& app);
};

Command make_train(CLI::App& app);
Command make_eval(CLI::App& app);
Command make_compare(CLI::App& app);
Command make_predict(CLI::App& app);
Command make_export(CLI::App& app);
Command make_import(CLI::App& app);
Command make_explain(CLI::App& app);
Command make_verify(CLI::App& app);
Command make_summary(CLI::App& app);
Command make_sample(CLI::App& app);
Command make_check(CLI::App& app);
Command make_stats(CLI::App& app);
Command make_split(CLI::App& app);
Command make_unpack(CLI::App& app);
Command make_preview(CLI::App& app);
Command make_doctor(CLI::App& app);
Command make_cache_list(CLI::App& app);
Command make_cache_clear(CLI::App& app);

// Runs the program; returns the exit code. Errors are printed here and nowhere else.
int run_program(int argc, char** argv);

}  // namespace cvtool
