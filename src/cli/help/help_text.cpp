#include "cli/help/help_text.h"

#include <algorithm>

#include "base/text.h"
#include "cli/help/values.h"

namespace cvtool {
namespace {

constexpr size_t kMostColumns = 100, kFewestColumns = 60, kWidestNames = 26, kWidestWords = 20;

// The words that a value may be, where they have no room beside the flag.
std::string words_in_text(const FlagHelp& flag) {
  return value_text(flag) == flag.value ? "" : "; one of " + join(split(flag.value, '|'), ", ");
}

std::string with_default(const FlagHelp& flag, const std::string& text) {
  const std::string required = flag.required && !flag.names.empty() ? " (required)" : "";
  return text + (flag.fallback.empty() ? required : " (default: " + flag.fallback + ")");
}

std::string short_text(const FlagHelp& flag) {
  return with_default(flag, first_clause(flag.text) + words_in_text(flag));
}

// One name of each kind: "-b, --batch N", "--no-exif" where that is what changes something.
std::string short_names(const FlagHelp& flag) {
  FlagHelp shown = flag;
  const auto negation = std::find_if(flag.names.begin(), flag.names.end(),
                                     [](const std::string& name) { return starts_with(name, "--no-"); });
  const bool on = flag.fallback == "yes";
  std::vector<std::string> names;
  for (const std::string& name : flag.names)
    if (name[1] != '-') names.push_back(name);
  for (const std::string& name : flag.names) {
    if (name[1] != '-' || (negation != flag.names.end() && name == *negation && !on)) continue;
    names.push_back(name);
    if (!on) break;
  }
  shown.names = names;
  return names_text(shown);
}

struct Row {
  std::string name, text;
};

// The widest name that leaves room for what stands beside it.
size_t width_of_names(const std::vector<Row>& rows) {
  size_t widest = 0;
  for (const Row& row : rows)
    if (row.name.size() <= kWidestNames) widest = std::max(widest, row.name.size());
  return widest;
}

std::string rows_text(const std::vector<Row>& rows, size_t columns, size_t names) {
  std::string text;
  for (const Row& row : rows) {
    std::string line = "  " + row.name;
    const size_t indent = names + 4;
    if (line.size() + 2 > indent && !row.text.empty()) text += line + "\n", line.clear();
    for (const std::string& part : broken_lines(row.text, columns - indent)) {
      text += line + std::string(indent - line.size(), ' ') + part + "\n";
      line.clear();
    }
    if (!line.empty()) text += line + "\n";
  }
  return text;
}

std::string paragraph(const std::string& text, size_t columns) {
  std::string out;
  for (const std::string& line : broken_lines(text, columns)) out += line + "\n";
  return out;
}

// The commands below, those with commands of their own in their place.
void add_commands(const CommandHelp& command, std::vector<Row>& rows) {
  for (const CommandHelp& below : command.commands) {
    if (below.commands.empty()) rows.push_back({words_behind_program(below), below.summary});
    add_commands(below, rows);
  }
}

std::string flags_text(const CommandHelp& command, const HelpStyle& style, size_t columns) {
  std::vector<std::pair<std::string, std::vector<Row>>> groups;
  size_t names = 0;
  for (const FlagGroup& group : command.groups) {
    std::vector<Row> rows;
    for (const FlagHelp& flag : group.flags) {
      if (style.all)
        rows.push_back({names_text(flag), whole_text(flag)});
      else if (flag.common)
        rows.push_back({short_names(flag), short_text(flag)});
    }
    names = std::max(names, width_of_names(rows));
    if (!rows.empty()) groups.emplace_back(group.title, rows);
  }
  std::string text;
  for (const auto& [title, rows] : groups) text += "\n" + title + ":\n" + rows_text(rows, columns, names);
  return text;
}

// Each on a line where they all fit, else behind what they are for.
std::string examples_text(const CommandHelp& command, size_t columns) {
  size_t commands = 0, whats = 0;
  for (const Example& one : command.examples) {
    commands = std::max(commands, one.command.size());
    whats = std::max(whats, one.what.size());
  }
  const std::string mark = "  # ";
  const bool fits = 2 + commands + mark.size() + whats <= columns;
  std::string text;
  for (const Example& one : command.examples)
    text += fits ? "  " + one.command + std::string(commands - one.command.size(), ' ') + mark + one.what + "\n"
                 : mark + one.what + "\n  " + one.command + "\n";
  return text.empty() ? "" : "\nExamples:\n" + text;
}

std::string footer(const CommandHelp& command, const HelpStyle& style) {
  if (command.name.find(' ') == std::string::npos) {
    std::vector<std::string> codes;
    for (const ExitMeaning& one : exit_meanings()) codes.push_back(std::to_string(one.code) + " " + one.meaning);
    return "Exit codes: " + join(codes, "; ") + ". `cvtool COMMAND --help` says what a command takes.";
  }
  if (style.all) return "";
  const auto flags = all_flags(command);
  const auto hidden = std::count_if(flags.begin(), flags.end(), [](const FlagHelp* flag) { return !flag->common; });
  return hidden == 0 ? "" : "`" + command.name + " --help-all` shows " + std::to_string(hidden) + " more flags.";
}

}  // namespace

std::string names_text(const FlagHelp& flag) {
  std::string text = join(flag.names, ", ");
  const std::string value = value_text(flag);
  if (value.empty()) return text;
  return flag.names.empty() ? value + (flag.repeated ? "..." : "") : text + " " + value;
}

std::string value_text(const FlagHelp& flag) {
  const ValueHelp value = value_help(flag.value);
  const bool long_words = flag.value.size() > kWidestWords && flag.value.find('|') != std::string::npos;
  return long_words && value.words.size() > 1 ? "WORD" : flag.value;
}

std::string whole_text(const FlagHelp& flag) {
  std::string text = flag.text + words_in_text(flag);
  if (!flag.needs.empty()) text += "; only with " + join(flag.needs, ", ");
  if (!flag.excludes.empty()) text += "; not with " + join(flag.excludes, ", ");
  return with_default(flag, text);
}

std::string usage_text(const CommandHelp& command) {
  std::string text = command.name;
  if (!command.synopsis.empty()) return text + " " + command.synopsis;
  if (!command.commands.empty()) return text + " COMMAND [FLAGS]";
  for (const FlagHelp* flag : all_flags(command))
    if (flag->required) text += " " + flag->names.back() + " " + value_text(*flag);
  for (const FlagHelp& argument : command.arguments)
    text += " " + (argument.required ? names_text(argument) : "[" + names_text(argument) + "]");
  return text + " [FLAGS]";
}

std::string help_text(const CommandHelp& command, const HelpStyle& style) {
  const size_t columns = std::clamp(style.columns, kFewestColumns, kMostColumns);
  std::string text = paragraph(command.summary + "." + (command.about.empty() ? "" : " " + command.about), columns);
  text += "\nUsage: " + usage_text(command) + "\n";
  if (!command.arguments.empty()) {
    std::vector<Row> rows;
    for (const FlagHelp& argument : command.arguments)
      rows.push_back({names_text(argument), style.all ? whole_text(argument) : short_text(argument)});
    text += "\n" + rows_text(rows, columns, width_of_names(rows));
  }
  if (!command.commands.empty()) {
    std::vector<Row> rows;
    add_commands(command, rows);
    text += "\nCommands:\n" + rows_text(rows, columns, width_of_names(rows));
  }
  text += flags_text(command, style, columns) + examples_text(command, columns);
  const std::string last = footer(command, style);
  return text + (last.empty() ? "" : "\n" + paragraph(last, columns));
}

}  // namespace cvtool
