// What shells need to complete a command line of cvtool: commands, flags, their words, files, and what is there when
// the key is pressed (recipes, backbones, runs), which the scripts ask the program for.
#pragma once

#include <string>

#include "cli/help/command_help.h"

namespace cvtool {

std::string bash_completion(const CommandHelp& root);
std::string zsh_completion(const CommandHelp& root);
std::string fish_completion(const CommandHelp& root);

}  // namespace cvtool
