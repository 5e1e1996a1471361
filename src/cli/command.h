// The subcommands: each parses its flags without touching anything, then works.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "cli/load_engine.h"

namespace cvtool {

class CommandApp;
class Console;

// Does the work of a command whose flags are parsed; results go to stdout. Returns the exit code.
using Command = std::function<int(Console& console)>;

// Of a class that adds its flags to `app`, which fill it, and has the function run(engine, console). The engine is
// loaded when it is to run.
template <class Parsed>
Command command_of(CommandApp& app) {
  return [parsed = std::make_shared<Parsed>(app)](Console& console) { return parsed->run(load_engine(), console); };
}

// The same for what needs no engine: run(console).
template <class Parsed>
Command light_command_of(CommandApp& app) {
  return [parsed = std::make_shared<Parsed>(app)](Console& console) { return parsed->run(console); };
}

struct CommandKind {
  const char* name;
  const char* help;
  // Adds the command's flags to `app`.
  Command (*make)(CommandApp& app);
};

Command make_train(CommandApp& app);
Command make_eval(CommandApp& app);
Command make_compare(CommandApp& app);
Command make_predict(CommandApp& app);
Command make_export(CommandApp& app);
Command make_import(CommandApp& app);
Command make_explain(CommandApp& app);
Command make_verify(CommandApp& app);
Command make_summary(CommandApp& app);
Command make_sample(CommandApp& app);
Command make_check(CommandApp& app);
Command make_stats(CommandApp& app);
Command make_drift(CommandApp& app);
Command make_split(CommandApp& app);
Command make_audit(CommandApp& app);
Command make_fix(CommandApp& app);
Command make_unpack(CommandApp& app);
Command make_preview(CommandApp& app);
Command make_doctor(CommandApp& app);
Command make_completion(CommandApp& app);
Command make_manual(CommandApp& app);
Command make_cache_list(CommandApp& app);
Command make_cache_clear(CommandApp& app);

// Runs the program; returns the exit code. Errors are printed here and nowhere else.
int run_program(int argc, char** argv);

}  // namespace cvtool
