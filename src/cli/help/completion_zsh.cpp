#include <algorithm>

#include "base/text.h"
#include "cli/help/completion.h"
#include "cli/help/values.h"

namespace cvtool {
namespace {

// In single quotes, where _arguments gives brackets and colons a meaning.
std::string in_spec(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out;
}

std::string function_name(const CommandHelp& command) {
  std::string name = "_" + command.name;
  std::replace(name.begin(), name.end(), ' ', '_');
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// ":MINUTES: " and what is done to fill it.
std::string value_spec(const std::string& title, const ValueHelp& value) {
  if (!value.any()) return ":" + in_spec(title) + ": ";
  std::string words;
  for (const std::string& word : value.words) words += " " + in_spec(word);
  const std::string files = value.files ? "files" : value.folders ? "folders" : "none";
  return ":" + in_spec(title) + ": _cvtool_fill " + files + " " + (value.goes_on ? "many" : "one") + " \"" +
         join(value.lists, " ") + "\"" + words;
}

std::string flag_spec(const FlagHelp& flag) {
  const std::string text = "[" + in_spec(first_clause(flag.text)) + "]";
  std::string title = flag.value;
  if (flag.optional_value) title = title.substr(1, title.size() - 2);  // without its brackets
  std::string value = flag.value.empty() ? "" : value_spec(title, value_help(flag.value));
  if (flag.optional_value) value = ":" + value;
  std::string out;
  for (const std::string& name : flag.names) {
    const bool is_long = starts_with(name, "--");
    // A flag that may come again is not taken off the list.
    out += "    '" + std::string(flag.repeated ? "*" : "(" + join(flag.names, " ") + ")") + name +
           (value.empty() ? ""
            : is_long     ? "="
                          : "+") +
           text + value + "' \\\n";
  }
  return out;
}

std::string arguments_call(const CommandHelp& command) {
  std::string text = "  _arguments -s -S \\\n";
  for (const FlagHelp* flag : all_flags(command)) text += flag_spec(*flag);
  for (const FlagHelp& argument : command.arguments)
    text += "    '" +
            std::string(argument.repeated   ? "*"
                        : argument.required ? ""
                                            : ":") +
            value_spec(argument.value, value_help(argument.value)) + "' \\\n";
  return text.substr(0, text.size() - 3) + "\n";
}

// Of a command with others below it: what comes first is one of those.
std::string chooser(const CommandHelp& command) {
  std::string text = "  local curcontext=$curcontext state line\n  _arguments -C \\\n";
  for (const FlagHelp* flag : all_flags(command)) text += flag_spec(*flag);
  text += "    '1:command:->command' \\\n    '*::argument:->argument'\n  case $state in\n    command)\n";
  text += "      local -a commands=(\n";
  for (const CommandHelp& below : command.commands)
    text += "        '" + in_spec(below.name.substr(below.name.rfind(' ') + 1)) + ":" + in_spec(below.summary) + "'\n";
  text += "      )\n      _describe command commands ;;\n    argument)\n      case $line[1] in\n";
  for (const CommandHelp& below : command.commands)
    text += "        " + below.name.substr(below.name.rfind(' ') + 1) + ") " + function_name(below) + " ;;\n";
  return text + "      esac ;;\n  esac\n";
}

constexpr const char* kZshHead = R"zsh(#compdef cvtool
# zsh completion for cvtool, written by `cvtool completion zsh`.

# _cvtool_fill files|folders|none many|one LISTS WORD...: the words, and those of the program's lists, or files.
_cvtool_fill() {
  local files=$1 many=$2 lists=$3 list
  shift 3
  local -a words_there=("$@")
  for list in ${=lists}; do
    words_there+=(${(f)"$(${_cvtool_program:-cvtool} completion --words $list 2>/dev/null)"})
  done
  [[ $many == many ]] && compset -P '*,'
  local -a open=(${(M)words_there:#*=}) closed=(${words_there:#*=})
  (( $#closed )) && compadd -a closed
  (( $#open )) && compadd -S '' -a open
  case $files in
    files) _files ;;
    folders) _files -/ ;;
  esac
}

)zsh";

constexpr const char* kZshEnd = R"zsh(if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _cvtool "$@"
else
  compdef _cvtool cvtool
fi
)zsh";

}  // namespace

std::string zsh_completion(const CommandHelp& root) {
  std::string text = kZshHead;
  for (const CommandHelp* command : all_commands(root)) {
    if (command == &root) continue;
    text += function_name(*command) + "() {\n" +
            (command->commands.empty() ? arguments_call(*command) : chooser(*command)) + "}\n\n";
  }
  text += "_cvtool() {\n  local _cvtool_program=$words[1]\n" + chooser(root) + "}\n\n";
  return text + kZshEnd;
}

}  // namespace cvtool
