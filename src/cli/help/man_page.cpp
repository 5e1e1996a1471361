#include "cli/help/man_page.h"

#include <algorithm>

#include "base/text.h"
#include "base/version.h"
#include "cli/help/help_text.h"

namespace cvtool {
namespace {

// As groff prints it: nothing in it is taken for a request, and a hyphen stays one that can be copied.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\'')
      out += "\\(aq";
    else if (c == '`')
      out += "\\(ga";
    else if (c == '^')
      out += "\\(ha";
    else if (c == '~')
      out += "\\(ti";
    else
      out += c;
  }
  return starts_with(out, ".") ? "\\&" + out : out;
}

std::string bold(const std::string& text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + escaped(text) + "\\fR"; }

std::string lines_of(const std::string& text) {
  constexpr size_t kLine = 70;
  std::string out;
  const auto lines = broken_lines(text, kLine);
  for (size_t i = 0; i < lines.size(); ++i) {
    // A full stop at the end of a line ends a sentence for groff.
    const bool abbreviated = i + 1 < lines.size() && ends_with(lines[i], ".");
    out += escaped(lines[i]) + (abbreviated ? "\\&\n" : "\n");
  }
  return out;
}

// Each sentence begins a line, as groff wants it.
std::string sentences(const std::string& text) {
  std::string out;
  size_t begin = 0;
  for (size_t end = text.find(". "); end != std::string::npos; end = text.find(". ", begin)) {
    out += lines_of(text.substr(begin, end + 1 - begin));
    begin = end + 2;
  }
  return out + lines_of(text.substr(begin));
}

std::string flag_entry(const FlagHelp& flag) {
  std::vector<std::string> names;
  for (const std::string& name : flag.names) names.push_back(bold(name));
  const std::string value = value_text(flag);
  std::string line = join(names, ", ");
  if (!value.empty()) line += (names.empty() ? "" : " ") + italic(names.empty() ? names_text(flag) : value);
  return ".TP\n" + line + "\n" + lines_of(whole_text(flag) + ".");
}

std::string synopsis(const CommandHelp& command) {
  std::string text = ".SH SYNOPSIS\n" + bold(command.name);
  const std::string rest = usage_text(command).substr(command.name.size());
  return text + (rest.empty() ? "" : italic(rest)) + "\n";
}

std::string commands_section(const CommandHelp& command) {
  if (command.commands.empty()) return "";
  std::string text = ".SH COMMANDS\n";
  for (const CommandHelp* one : all_commands(command)) {
    if (one == &command || !one->commands.empty()) continue;
    text += ".TP\n.BR " + escaped(man_page_name(*one)) + " (1)\n" + lines_of(one->summary + ".");
  }
  return text;
}

std::string options_section(const CommandHelp& command) {
  std::string text;
  for (const FlagHelp& argument : command.arguments) text += flag_entry(argument);
  if (!text.empty()) text = ".SH ARGUMENTS\n" + text;
  text += ".SH OPTIONS\n";
  for (const FlagGroup& group : command.groups) {
    if (command.groups.size() > 1) text += ".SS " + escaped(group.title) + "\n";
    for (const FlagHelp& flag : group.flags) text += flag_entry(flag);
  }
  return text;
}

std::string examples_section(const CommandHelp& command) {
  std::string text = ".SH EXAMPLES\n";
  for (const Example& one : command.examples) {
    std::string what = one.what;
    what[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(what[0])));
    text += ".TP\n" + bold(one.command) + "\n" + lines_of(what + ".");
  }
  return text;
}

std::string exit_section() {
  std::string text = ".SH EXIT STATUS\n";
  for (const ExitMeaning& one : exit_meanings())
    text += ".TP\n" + bold(std::to_string(one.code)) + "\n" + lines_of(std::string(one.meaning) + ".");
  return text;
}

// The program, or the commands beside this one.
std::string see_also(const CommandHelp& command, const CommandHelp& root) {
  std::vector<std::string> names;
  for (const CommandHelp* one : all_commands(root)) {
    if (one == &command) continue;
    if (command.name == root.name ? one->commands.empty() : one->name == root.name)
      names.push_back(".BR " + escaped(man_page_name(*one)) + " (1)");
  }
  return ".SH SEE ALSO\n" + join(names, ",\n") + "\n";
}

}  // namespace

std::string man_page_name(const CommandHelp& command) {
  std::string name = command.name;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string man_page(const CommandHelp& command, const CommandHelp& root, const std::string& date) {
  std::string title = man_page_name(command);
  std::string upper = title;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string text = ".\\\" Written by `cvtool manual --man`.\n.TH " + escaped(upper) + " 1 " + date + " \"cvtool " +
                     kVersion + "\" \"cvtool manual\"\n";
  text += ".SH NAME\n" + escaped(title) + " \\- " + escaped(command.summary) + "\n" + synopsis(command);
  text += ".SH DESCRIPTION\n" + sentences(command.summary + "." + (command.about.empty() ? "" : " " + command.about));
  return text + commands_section(command) + options_section(command) + exit_section() + examples_section(command) +
         see_also(command, root);
}

}  // namespace cvtool
