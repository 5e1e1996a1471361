// What there is to say of a command and its flags, as plain data: read from the command line's own tables, and written
// as help, as manual pages and as completions of the shells.
#pragma once

#include <string>
#include <vector>

#include "cli/command_app.h"

namespace cvtool {

struct FlagHelp {
  std::vector<std::string> names;  // "-b", "--batch", "--no-exif"; empty: an argument, told by its place
  std::string value;               // see values.h; empty: takes none
  bool optional_value = false, repeated = false, required = false, common = true;
  std::string text;                          // what it does
  std::string fallback;                      // its default; empty: none to tell of
  std::vector<std::string> needs, excludes;  // other flags
};

struct FlagGroup {
  std::string title;
  std::vector<FlagHelp> flags;
};

struct CommandHelp {
  std::string name;  // "cvtool data split"
  std::string summary, about;
  std::string synopsis;  // what stands behind the name in its usage; empty: what the flags tell
  std::vector<FlagHelp> arguments;
  std::vector<FlagGroup> groups;
  std::vector<Example> examples;
  std::vector<CommandHelp> commands;  // those below it
};

CommandHelp command_help(const CommandApp& app);

// The command itself and all below it.
std::vector<const CommandHelp*> all_commands(const CommandHelp& root);
// All flags of a command, in the order of its groups.
std::vector<const FlagHelp*> all_flags(const CommandHelp& command);
// "cvtool data check" -> "data check"; of the program itself "".
std::string words_behind_program(const CommandHelp& command);

// What the program's exit codes mean, for people.
struct ExitMeaning {
  int code;
  const char* meaning;
};
const std::vector<ExitMeaning>& exit_meanings();

// "a photo; and what not (default: 3)" -> "a photo". A semicolon in brackets or quotes ends nothing.
std::string first_clause(const std::string& text);

// The text broken into lines of at most `width` columns at its blanks.
std::vector<std::string> broken_lines(const std::string& text, size_t width);

}  // namespace cvtool
