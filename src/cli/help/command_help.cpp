#include "cli/help/command_help.h"

#include <algorithm>

#include "base/text.h"

namespace cvtool {
namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "-b", "--batch", "--batch-size".
std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> first_names(const std::set<CLI::Option*>& options) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options) names.push_back(names_of(*option).back());
  std::sort(names.begin(), names.end());
  return names;
}

// What the command line calls values that nobody has named.
std::string plain_value(const std::string& value) {
  return value == "INT" || value == "UINT" ? "N" : value == "FLOAT" ? "X" : value;
}

FlagHelp flag_help(const CommandApp& app, const CLI::Option& option) {
  FlagHelp flag;
  flag.names = names_of(option);
  if (option.get_items_expected_max() > 0) flag.value = plain_value(option.get_type_name());
  flag.optional_value = option.get_items_expected_max() > 0 && option.get_items_expected_min() == 0;
  const bool takes_all = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  flag.repeated = option.get_items_expected_max() > 1 || (takes_all && !flag.value.empty());
  flag.required = option.get_required();
  flag.common = app.common().empty();
  for (const std::string& name : flag.names) flag.common |= has(app.common(), name);
  flag.needs = first_names(option.get_needs());
  flag.excludes = first_names(option.get_excludes());
  flag.text = option.get_description();
  const std::string mark = " (default: ";
  const size_t at = flag.text.rfind(mark);
  if (at != std::string::npos && flag.text.back() == ')') {
    flag.fallback = flag.text.substr(at + mark.size(), flag.text.size() - at - mark.size() - 1);
    flag.text.resize(at);
  }
  return flag;
}

// The last group: what every command has.
constexpr const char* kLastGroup = "Messages";

void add_to_group(std::vector<FlagGroup>& groups, const std::string& title, FlagHelp flag) {
  auto group = std::find_if(groups.begin(), groups.end(), [&](const FlagGroup& one) { return one.title == title; });
  if (group == groups.end()) group = groups.insert(groups.end(), {title, {}});
  group->flags.push_back(std::move(flag));
}

}  // namespace

CommandHelp command_help(const CommandApp& app) {
  CommandHelp help;
  for (const CLI::App* at = &app; at; at = at->get_parent())
    help.name = at->get_name() + (help.name.empty() ? "" : " ") + help.name;
  help.summary = app.get_description();
  help.about = app.about();
  help.synopsis = app.synopsis();
  help.examples = app.examples();
  for (const CLI::Option* option : app.get_options()) {
    FlagHelp flag = flag_help(app, *option);
    if (!option->get_positional()) {
      add_to_group(help.groups, option->get_group(), std::move(flag));
      continue;
    }
    flag.common = true;
    help.arguments.push_back(std::move(flag));
  }
  std::stable_sort(help.groups.begin(), help.groups.end(), [](const FlagGroup& a, const FlagGroup& b) {
    return a.title != kLastGroup && b.title == kLastGroup;
  });
  for (const CLI::App* below : app.get_subcommands({}))
    help.commands.push_back(command_help(static_cast<const CommandApp&>(*below)));
  return help;
}

std::vector<const CommandHelp*> all_commands(const CommandHelp& root) {
  std::vector<const CommandHelp*> all{&root};
  for (const CommandHelp& below : root.commands)
    for (const CommandHelp* one : all_commands(below)) all.push_back(one);
  return all;
}

std::vector<const FlagHelp*> all_flags(const CommandHelp& command) {
  std::vector<const FlagHelp*> all;
  for (const FlagGroup& group : command.groups)
    for (const FlagHelp& flag : group.flags) all.push_back(&flag);
  return all;
}

std::string words_behind_program(const CommandHelp& command) {
  const size_t blank = command.name.find(' ');
  return blank == std::string::npos ? "" : command.name.substr(blank + 1);
}

const std::vector<ExitMeaning>& exit_meanings() {
  static const std::vector<ExitMeaning> meanings{
      {0, "done"},
      {1, "failed while running"},
      {2, "wrong usage"},
      {3, "a gate was not met"},
      {4, "the data cannot be used"},
      {130, "interrupted"},
  };
  return meanings;
}

std::string first_clause(const std::string& text) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (text[i] == ';' && depth == 0 && !quoted) return text.substr(0, i);
  }
  return text;
}

std::vector<std::string> broken_lines(const std::string& text, size_t width) {
  std::vector<std::string> lines;
  for (const std::string& word : split(text, ' ')) {
    if (lines.empty() || lines.back().size() + 1 + word.size() > width)
      lines.push_back(word);
    else
      lines.back() += " " + word;
  }
  return lines;
}

}  // namespace cvtool
