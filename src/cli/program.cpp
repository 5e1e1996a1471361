#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/launch.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/console.h"
#include "cli/help/command_help.h"
#include "cli/help/help_text.h"
#include "cli/program.h"

namespace cvtool {
namespace {

const std::vector<CommandKind>& command_kinds() {
  static const std::vector<CommandKind> kinds{
      {"train", "Train a classifier on folders of photos", make_train},
      {"eval", "Measure a model on photos whose classes are known", make_eval},
      {"compare", "Lay the results and curves of several runs side by side", make_compare},
      {"predict", "Say what is on photos", make_predict},
      {"export", "Write a model for use elsewhere", make_export},
      {"import", "Make a backbone for transfer learning of pretrained weights", make_import},
      {"explain", "Show what a filter, a layer or a model sees", make_explain},
      {"verify", "Check that a model file is whole and does what it says", make_verify},
      {"summary", "Show the layers of a recipe or a model", make_summary},
      {"doctor", "Say what this machine is, how fast it is and what hinders cvtool on it", make_doctor},
      {"completion", "Write what a shell needs to complete commands and flags", make_completion},
      {"manual", "Print the whole manual, or write pages for man", make_manual},
  };
  return kinds;
}

const std::vector<CommandKind>& data_kinds() {
  static const std::vector<CommandKind> kinds{
      {"check", "Find unreadable, duplicate, leaking and odd photos", make_check},
      {"stats", "Count photos, classes, sizes and colours", make_stats},
      {"drift", "Say whether new photos differ from older ones, and in what", make_drift},
      {"audit", "Find photos whose labels are wrong", make_audit},
      {"fix", "Apply what was decided about wrong labels", make_fix},
      {"split", "Split a folder of classes into train, valid and test folders", make_split},
      {"preview", "Draw a sheet of photos with their labels", make_preview},
      {"unpack", "Make class folders of pictures that are shipped as rows of a large one", make_unpack},
      {"sample", "Draw a Car-or-Truck data set, for trying things out", make_sample},
  };
  return kinds;
}

const std::vector<CommandKind>& cache_command_kinds() {
  static const std::vector<CommandKind> kinds{
      {"list", "Show what is kept, where, how large and how old it is", make_cache_list},
      {"clear", "Remove what no running cvtool uses", make_cache_clear},
  };
  return kinds;
}

// The deepest subcommand that was named, for messages.
const CLI::App* deepest(const CLI::App* app) {
  const auto parsed = app->get_subcommands();
  return parsed.empty() ? app : deepest(parsed.front());
}

std::string full_name(const CLI::App* app) {
  return app->get_parent() ? full_name(app->get_parent()) + " " + app->get_name() : app->get_name();
}

// What a person probably meant by a word that the parser did not know.
std::string usage_message(const CLI::App& root, const std::string& what) {
  const CLI::App* app = deepest(&root);
  const auto remaining = app->remaining();
  const std::string help = "; see " + full_name(app) + " --help";
  std::vector<std::string> words;
  for (const std::string& word : remaining) {
    const bool flag = word.size() > 1 && word[0] == '-';
    if (!flag && app->get_subcommands({}).empty()) return "unexpected argument '" + word + "'" + help;
    if (flag)
      for (const auto* option : app->get_options())
        for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    else
      for (const auto* sub : app->get_subcommands({})) words.push_back(sub->get_name());
    const std::string name = word.substr(0, word.find('='));
    const std::string near = nearest_word(name, words);
    return std::string("unknown ") + (flag ? "flag" : "command") + " '" + name + "'" +
           (near.empty() ? "" : "; did you mean '" + near + "'?") + help;
  }
  return what + help;
}

// Of the terminal; elsewhere what the environment says, or as many as the help uses at most.
size_t columns() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* set = std::getenv("COLUMNS");
  const long columns = set ? std::strtol(set, nullptr, 10) : 0;
  return columns > 0 ? static_cast<size_t>(columns) : HelpStyle().columns;
}

int show_help(const Program& program, bool all) {
  const auto* app = static_cast<const CommandApp*>(deepest(&program.app));
  print(help_text(command_help(*app), {all, columns()}));
  return static_cast<int>(ExitCode::kDone);
}

// Several processes that do not know of each other would do the same work, and write over each other's files.
void refuse_company(const std::string& command) {
  const std::optional<Launch> launch = launch_from_environment();
  if (!launch || command == "cvtool train" || command == "cvtool eval" || command == "cvtool predict" ||
      command == "cvtool doctor")
    return;
  throw UsageError("'" + command + "' works in one process, and " + launch->by + " has started " +
                   std::to_string(launch->size) + "; start it once, without " + launch->by);
}

int fail(const std::string& message, ExitCode code) {
  std::fprintf(stderr, "cvtool: %s\n", message_text(message).c_str());
  return static_cast<int>(code);
}

}  // namespace

Program::Program() {
  app.set_version_flag("--version", std::string("cvtool ") + kVersion, "print the version")->group("Messages");
  app.example("cvtool data sample photos", "draw photos to try things out on");
  app.example("cvtool train --data photos", "train on them");
  app.example("cvtool predict photos/test", "say what is on others");
  add(app, command_kinds());
  CommandApp& data = add_group("data", "Look at photos before training on them, and make sets of them", data_kinds());
  data.example("cvtool data check photos", "what is wrong with them");
  data.example("cvtool data split photos sets --test 0.2", "train, valid and test folders");
  CommandApp& cache =
      add_group("cache", "What is kept on the disk so that work need not be done twice", cache_command_kinds());
  cache.example("cvtool cache list", "what is kept, where and how large it is");
  cache.example("cvtool cache clear pixels", "resized photos only");
  app.require_subcommand(1);
}

CommandApp& Program::add_group(const char* name, const char* summary, const std::vector<CommandKind>& kinds) {
  const auto group = std::make_shared<CommandApp>(summary, name);
  app.add_subcommand(group);
  group->require_subcommand(1);
  add(*group, kinds);
  return *group;
}

void Program::add(CommandApp& parent, const std::vector<CommandKind>& kinds) {
  for (const CommandKind& kind : kinds) {
    const auto sub = std::make_shared<CommandApp>(kind.help, kind.name);
    parent.add_subcommand(sub);
    sub->add_flag("-q,--quiet", quiet, "only warnings and errors on stderr")->group("Messages");
    sub->add_flag("-v,--verbose", verbose, "more messages on stderr")->group("Messages");
    commands.emplace_back(sub.get(), kind.make(*sub));
  }
}

const Command& Program::chosen() const {
  return std::find_if(commands.begin(), commands.end(), [](const auto& one) { return one.first->parsed(); })->second;
}

int run_program(int argc, char** argv) {
  fill_closed_streams();
  Program program;
  try {
    program.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return show_help(program, false);
  } catch (const CLI::CallForAllHelp&) {
    return show_help(program, true);
  } catch (const CLI::Success& success) {
    return program.app.exit(success);
  } catch (const CLI::ParseError& error) {
    return fail(usage_message(program.app, error.what()), ExitCode::kUsage);
  } catch (const Error& error) {
    return fail(error.what(), error.code());
  }
  Console console(program.quiet     ? Console::Verbosity::kQuiet
                  : program.verbose ? Console::Verbosity::kVerbose
                                    : Console::Verbosity::kNormal);
  try {
    refuse_company(full_name(deepest(&program.app)));
    return program.chosen()(console);
  } catch (const Error& error) {
    console.clear_bar();
    return fail(error.what(), error.code());
  } catch (const std::exception& error) {
    console.clear_bar();
    return fail(failure_text(error), ExitCode::kFailed);
  }
}

}  // namespace cvtool
