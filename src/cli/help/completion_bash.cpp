#include "base/text.h"
#include "cli/help/completion.h"
#include "cli/help/values.h"

namespace cvtool {
namespace {

// In front: what the words on the line mean. Behind: one line a command, one a flag that takes something.
constexpr const char* kBashHead = R"bash(# bash completion for cvtool, written by `cvtool completion bash`.

# _cvtool_fill WORDS LISTS file|directory|'' PREFIX TYPED: the words, and those of the program's lists, that begin with
# what is typed, behind the prefix; or files. (compgen -W would run what stands in the names of folders.)
_cvtool_fill() {
  local files=$3 prefix=$4 typed=$5 list word IFS=$' \t\n'
  local words=${1// /$'\n'}
  for list in $2; do words+=$'\n'$("$program" completion --words "$list" 2>/dev/null); done
  while IFS= read -r word; do
    if [[ -z $word || $word != "$typed"* ]]; then continue; fi
    # Of file names readline quotes by itself what needs it.
    if [[ -z $files ]]; then printf -v word %q "$word"; fi
    COMPREPLY+=("$prefix$word")
  done <<<"$words"
  case ${COMPREPLY[0]-} in *=) compopt -o nospace 2>/dev/null ;; esac
  if [[ -z $files ]]; then return; fi
  compopt -o filenames 2>/dev/null
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -A "$files" -- "$typed")
}

_cvtool() {
  local cur=${COMP_WORDS[COMP_CWORD]} at=$COMP_CWORD program=${COMP_WORDS[0]} i
  local command= flag= prefix= words= lists= files= many= flags=
  COMPREPLY=()
  type "$program" >/dev/null 2>&1 || program=cvtool
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in -*) continue ;; esac
    case "$command ${COMP_WORDS[i]}" in
)bash";

constexpr const char* kBashMiddle = R"bash(      *) break ;;
    esac
  done
  # '=' and ':' cut a word into several.
  case $cur in = | :) cur= ;; esac
  while ((at > 1)) && [[ ${COMP_WORDS[at]} == [=:] || ${COMP_WORDS[at - 1]} == [=:] ]]; do ((at--)); done
  if ((at == COMP_CWORD)) || [[ ${COMP_WORDS[at]} != --* ]]; then ((at--)); fi
  flag=${COMP_WORDS[at]}
  case "$command $flag" in
)bash";

constexpr const char* kBashTail = R"bash(    *) flag= ;;
  esac
  if [[ -n $flag ]]; then
    if [[ -n $many && $cur == *,* ]]; then prefix=${cur%,*}, cur=${cur##*,}; fi
    _cvtool_fill "$words" "$lists" "$files" "$prefix" "$cur"
    return
  fi
  case $command in
)bash";

constexpr const char* kBashEnd = R"bash(  esac
  if [[ $cur == -* || -z $words$lists$files ]]; then
    _cvtool_fill "$flags" '' '' '' "$cur"
  else
    _cvtool_fill "$words" "$lists" "$files" '' "$cur"
  fi
}

complete -F _cvtool cvtool
)bash";

std::string bash_quoted(const std::string& text) { return "'" + text + "'"; }

std::string value_settings(const ValueHelp& value) {
  std::string text;
  if (!value.words.empty()) text += " words=" + bash_quoted(join(value.words, " "));
  if (!value.lists.empty()) text += " lists=" + bash_quoted(join(value.lists, " "));
  if (value.files || value.folders) text += value.files ? " files=file" : " files=directory";
  if (value.goes_on) text += " many=1";
  return text;
}

std::string flag_case(const CommandHelp& command, const FlagHelp& flag) {
  std::vector<std::string> patterns;
  for (const std::string& name : flag.names)
    patterns.push_back(bash_quoted(words_behind_program(command) + " " + name));
  return "    " + join(patterns, "|") + ")" + value_settings(value_help(flag.value)) + " ;;\n";
}

std::string command_case(const CommandHelp& command) {
  std::string flags;
  for (const FlagHelp* flag : all_flags(command))
    for (const std::string& name : flag->names)
      if (starts_with(name, "--")) flags += (flags.empty() ? "" : " ") + name;
  std::vector<std::string> below;
  for (const CommandHelp& one : command.commands) below.push_back(one.name.substr(one.name.rfind(' ') + 1));
  std::string text = "    " + bash_quoted(words_behind_program(command)) + ") flags=" + bash_quoted(flags);
  if (command.commands.empty() && command.arguments.empty()) return text + " ;;\n";
  ValueHelp all;
  all.words = below;
  for (const FlagHelp& argument : command.arguments) {
    const ValueHelp value = value_help(argument.value);
    all.words.insert(all.words.end(), value.words.begin(), value.words.end());
    all.lists.insert(all.lists.end(), value.lists.begin(), value.lists.end());
    all.files |= value.files, all.folders |= value.folders;
  }
  return text + value_settings(all) + " ;;\n";
}

}  // namespace

std::string bash_completion(const CommandHelp& root) {
  std::string text = kBashHead;
  for (const CommandHelp* command : all_commands(root))
    for (const CommandHelp& below : command->commands) {
      const std::string words = words_behind_program(below);
      const std::string before = words_behind_program(*command), name = below.name.substr(below.name.rfind(' ') + 1);
      text += "      " + bash_quoted(before + " " + name) + ") command=" + bash_quoted(words) + " ;;\n";
    }
  text += kBashMiddle;
  for (const CommandHelp* command : all_commands(root))
    for (const FlagHelp* flag : all_flags(*command))
      if (!flag->value.empty()) text += flag_case(*command, *flag);
  text += kBashTail;
  for (const CommandHelp* command : all_commands(root)) text += command_case(*command);
  return text + kBashEnd;
}

}  // namespace cvtool
