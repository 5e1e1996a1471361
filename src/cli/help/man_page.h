// The manual of a command as a page for man(1), in groff's macros (groff_man(7)).
#pragma once

#include <string>

#include "cli/help/command_help.h"

namespace cvtool {

// "cvtool-data-check" of "cvtool data check".
std::string man_page_name(const CommandHelp& command);

// The page of `command`; `root` is the program, whose pages it refers to; `date` as "2026-11-27".
std::string man_page(const CommandHelp& command, const CommandHelp& root, const std::string& date);

}  // namespace cvtool
