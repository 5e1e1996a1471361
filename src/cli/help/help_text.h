// The help of a command, for a terminal.
#pragma once

#include <string>

#include "cli/help/command_help.h"

namespace cvtool {

struct HelpStyle {
  bool all = false;      // every flag and all that is to be said of it, else what most people need
  size_t columns = 100;  // of the terminal
};

std::string help_text(const CommandHelp& command, const HelpStyle& style);

// "every flag of train": as help and manual show it, "-b, --batch, --batch-size N".
std::string names_text(const FlagHelp& flag);
// "N", "[RUN]", "fp32|bf16"; "WORD" where the words are too many and said in the text.
std::string value_text(const FlagHelp& flag);
// All that is to be said of a flag, its default and its words included.
std::string whole_text(const FlagHelp& flag);
// "cvtool eval [FLAGS] --data DIR".
std::string usage_text(const CommandHelp& command);

}  // namespace cvtool
