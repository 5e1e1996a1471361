// The command line as a whole: every command with its flags.
#pragma once

#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/command_app.h"

namespace cvtool {

struct Program {
  Program();

  CommandApp app{"Trains, evaluates, explains and ships image classifiers", "cvtool"};
  bool quiet = false, verbose = false;
  std::vector<std::pair<CommandApp*, Command>> commands;

  // The one whose words were given.
  const Command& chosen() const;

 private:
  void add(CommandApp& parent, const std::vector<CommandKind>& kinds);
  CommandApp& add_group(const char* name, const char* summary, const std::vector<CommandKind>& kinds);
};

}  // namespace cvtool
