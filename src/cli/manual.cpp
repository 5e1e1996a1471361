// cvtool completion and cvtool manual: what the program says of itself, for shells and for man. Neither needs the
// engine.
#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/help/command_help.h"
#include "cli/help/completion.h"
#include "cli/help/help_text.h"
#include "cli/help/man_page.h"
#include "cli/help/values.h"

namespace cvtool {
namespace {

CommandHelp help_of_program(const CommandApp& app) {
  const CLI::App* root = &app;
  while (root->get_parent()) root = root->get_parent();
  return command_help(static_cast<const CommandApp&>(*root));
}

// Today, or what the environment says so that two builds of the same sources are the same.
std::string page_date() {
  std::time_t now = std::time(nullptr);
  if (const char* epoch = std::getenv("SOURCE_DATE_EPOCH"); epoch && *epoch) now = std::strtoll(epoch, nullptr, 10);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[16];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &parts)};
}

class CompletionCommand {
 public:
  explicit CompletionCommand(CommandApp& app) : app_(app) {
    std::vector<std::string> lists;
    for (const WordList& list : word_lists()) lists.emplace_back(list.name);
    app.add_option("shell", shell_, "the shell that is to know cvtool's commands, flags and words")
        ->type_name("bash|zsh|fish");
    app.add_option("-o,--output", output_, "file to write (default: standard output)")->type_name("FILE");
    app.add_option("--words", list_, "print the words of a list instead, one a line, as the scripts ask for them")
        ->type_name(join(lists, "|"));
    app.example("source <(cvtool completion bash)", "for this shell; an installed cvtool is known by itself");
    app.example("cvtool completion fish -o ~/.config/fish/completions/cvtool.fish", "for every fish to come");
  }

  int run(Console&) const {
    if (shell_.empty() == list_.empty())
      throw UsageError("name a shell, bash, zsh or fish, or a list with --words; see cvtool completion --help");
    const std::string text = shell_.empty() ? words() : script();
    if (output_.empty())
      print(text);
    else
      write_file_atomically(output_, text);
    return 0;
  }

 private:
  std::string words() const {
    std::vector<std::string> known;
    for (const WordList& list : word_lists()) {
      known.emplace_back(list.name);
      if (list_ != list.name) continue;
      std::string text;
      for (const std::string& word : list.words()) text += word + "\n";
      return text;
    }
    throw UsageError("--words: " + unknown_word("list", list_, known));
  }

  std::string script() const {
    const CommandHelp root = help_of_program(app_);
    if (shell_ == "bash") return bash_completion(root);
    if (shell_ == "zsh") return zsh_completion(root);
    if (shell_ == "fish") return fish_completion(root);
    throw UsageError("cvtool completion: " + unknown_word("shell", shell_, {"bash", "zsh", "fish"}));
  }

  const CommandApp& app_;
  std::string shell_, output_, list_;
};

class ManualCommand {
 public:
  explicit ManualCommand(CommandApp& app) : app_(app) {
    app.add_option("--man", folder_, "write a page for man of each command to this folder instead of printing")
        ->type_name("DIR");
    app.example("cvtool manual | less", "everything that --help-all says, of every command");
    app.example("cvtool manual --man ~/.local/share/man/man1", "then: man cvtool-train");
  }

  int run(Console&) const {
    const CommandHelp root = help_of_program(app_);
    std::string text;
    if (!folder_.empty()) make_folders(folder_);
    for (const CommandHelp* command : all_commands(root)) {
      if (folder_.empty()) {
        text += (text.empty() ? "" : "\n\n") + command->name + "\n" + std::string(command->name.size(), '=') + "\n\n" +
                help_text(*command, {true});
      } else {
        const std::string file = folder_ + "/" + man_page_name(*command) + ".1";
        write_file_atomically(file, man_page(*command, root, page_date()));
      }
    }
    const auto pages = static_cast<int64_t>(all_commands(root).size());
    print(folder_.empty() ? text : "wrote " + counted(pages, "page") + " to " + printable(folder_) + "\n");
    return 0;
  }

 private:
  const CommandApp& app_;
  std::string folder_;
};

}  // namespace

Command make_completion(CommandApp& app) { return light_command_of<CompletionCommand>(app); }
Command make_manual(CommandApp& app) { return light_command_of<ManualCommand>(app); }

}  // namespace cvtool
