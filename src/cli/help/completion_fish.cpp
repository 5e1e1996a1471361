#include "base/text.h"
#include "cli/help/completion.h"
#include "cli/help/values.h"

namespace cvtool {
namespace {

std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

constexpr const char* kFishHead = R"(# fish completion for cvtool, written by `cvtool completion fish`.

# The command that the line names: "data check"; nothing where there is none yet.
function __cvtool_command
    set -l command
    for word in (commandline -opc)[2..-1]
        if string match -q -- '-*' $word
            continue
        end
        set -l longer (string join ' ' $command $word)
        if contains -- $longer $__cvtool_commands
            set command $longer
        else
            break
        end
    end
    echo "$command"
end

function __cvtool_at
    test (__cvtool_command) = "$argv[1]"
end

# __cvtool_fill one|many LISTS WORD...: the words, and those of the program's lists; behind a comma with what stands before it.
function __cvtool_fill
    set -l words $argv[3..-1]
    set -l program (commandline -opc)[1]
    for list in (string split -n ' ' -- $argv[2])
        set -a words ($program completion --words $list 2>/dev/null)
    end
    set -l before
    if test $argv[1] = many
        set before (commandline -ct | string replace -r '^--[^=]*=' '' | string match -r '^.*,')
    end
    for word in $words
        echo "$before$word"
    end
end

)";

// What fills the value: "-a '(__cvtool_fill ...)'", and whether files do.
std::string fish_value(const ValueHelp& value) {
  std::string text;
  if (!value.words.empty() || !value.lists.empty()) {
    std::string call =
        std::string("(__cvtool_fill ") + (value.goes_on ? "many" : "one") + " \"" + join(value.lists, " ") + "\"";
    for (const std::string& word : value.words) call += " " + word;
    text = " -a " + fish_quoted(call + ")");
  }
  if (value.folders && !value.files) text += " -a '(__fish_complete_directories (commandline -ct))'";
  return text;
}

std::string condition(const CommandHelp& command) {
  return "complete -c cvtool -n " + fish_quoted("__cvtool_at \"" + words_behind_program(command) + "\"");
}

std::string flag_lines(const CommandHelp& command, const FlagHelp& flag) {
  std::string names;
  for (const std::string& name : flag.names)
    names += starts_with(name, "--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  std::string line = condition(command) + names;
  if (!flag.value.empty()) {
    const ValueHelp value = value_help(flag.value);
    if (!flag.optional_value) line += value.files ? " -r -F" : " -x";
    line += fish_value(value);
  }
  return line + " -d " + fish_quoted(first_clause(flag.text)) + "\n";
}

}  // namespace

std::string fish_completion(const CommandHelp& root) {
  std::string text = kFishHead, names;
  for (const CommandHelp* command : all_commands(root))
    if (command != &root) names += " " + fish_quoted(words_behind_program(*command));
  text += "set -g __cvtool_commands" + names + "\n\ncomplete -c cvtool -f\n";
  for (const CommandHelp* command : all_commands(root)) {
    for (const CommandHelp& below : command->commands)
      text += condition(*command) + " -a " + below.name.substr(below.name.rfind(' ') + 1) + " -d " +
              fish_quoted(below.summary) + "\n";
    for (const FlagHelp& argument : command->arguments) {
      const ValueHelp value = value_help(argument.value);
      if (value.any()) text += condition(*command) + (value.files ? " -F" : "") + fish_value(value) + "\n";
    }
    for (const FlagHelp* flag : all_flags(*command)) text += flag_lines(*command, *flag);
  }
  return text;
}

}  // namespace cvtool
