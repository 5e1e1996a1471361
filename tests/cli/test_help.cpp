// What the program says of itself: help on one screen, --help-all, pages for man and completions. All of it is compared
// with the flags that the command line knows.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "base/text.h"
#include "cli/program.h"
#include "cli/run_program.h"
#include "scratch.h"

using namespace cvtool;

namespace {

struct KnownCommand {
  std::vector<std::string> words;  // "data", "check"
  std::vector<std::string> flags;  // "-b", "--batch", "--no-exif"
};

void add_known(const CLI::App& app, const std::vector<std::string>& words, std::vector<KnownCommand>& all) {
  KnownCommand command{words, {}};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_snames()) command.flags.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) command.flags.push_back("--" + name);
  }
  all.push_back(command);
  for (const CLI::App* below : app.get_subcommands({})) {
    std::vector<std::string> longer = words;
    longer.push_back(below->get_name());
    add_known(*below, longer, all);
  }
}

// Straight from the parser, past what the help is made of.
const std::vector<KnownCommand>& known_commands() {
  static const std::vector<KnownCommand> all = [] {
    const Program program;
    std::vector<KnownCommand> commands;
    add_known(program.app, {}, commands);
    return commands;
  }();
  return all;
}

Outcome told(std::vector<std::string> arguments, const std::string& flag, int columns = 100) {
  if (!flag.empty()) arguments.push_back(flag);
  Invocation invocation;
  invocation.arguments = std::move(arguments);
  invocation.environment["COLUMNS"] = std::to_string(columns);
  return run_program(invocation);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::string line;
  for (std::istringstream in(text); std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Whether the flag stands in the text as a word: not as the beginning of a longer one.
bool names_flag(const std::string& text, const std::string& flag) {
  for (size_t at = text.find(flag); at != std::string::npos; at = text.find(flag, at + 1)) {
    const char before = at > 0 ? text[at - 1] : ' ',
               behind = at + flag.size() < text.size() ? text[at + flag.size()] : ' ';
    const auto in_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '+'; };
    if (!in_name(before) && !in_name(behind)) return true;
  }
  return false;
}

std::string page_name(const KnownCommand& command) {
  return "cvtool" + (command.words.empty() ? "" : "-" + join(command.words, "-"));
}

bool installed(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

std::string script_for(const Scratch& scratch, const std::string& shell) {
  const std::string file = scratch / ("cvtool." + shell);
  const Outcome outcome = told({"completion", shell, "-o", file}, "");
  REQUIRE(outcome.code == 0);
  return file;
}

// What a real shell offers for a line, sorted, between blanks; it is run in the scratch folder.
std::string offered(const Scratch& scratch, const std::string& shell, const std::string& script) {
  Invocation invocation;
  invocation.program = "/usr/bin/env";
  invocation.arguments = {shell, shell == "bash" ? "--norc" : "--no-config", "-c", script};
  invocation.folder = scratch.path();
  invocation.environment["CVTOOL_BASES"] = scratch / "bases";
  const Outcome outcome = run_program(invocation);
  CAPTURE(outcome.err);
  CHECK(outcome.err.empty());
  std::vector<std::string> lines = lines_of(outcome.out);
  std::sort(lines.begin(), lines.end());
  return join(lines, " ");
}

// Words as bash cuts the line, the last one being typed.
std::string bash_offers(const Scratch& scratch, const std::vector<std::string>& words) {
  std::string line = shell_word(CVTOOL_PROGRAM);
  for (const std::string& word : words) line += " " + shell_word(word);
  return offered(scratch, "bash",
                 "source cvtool.bash; COMP_WORDS=(" + line + "); COMP_CWORD=" + std::to_string(words.size()) +
                     "; _cvtool; for word in \"${COMPREPLY[@]}\"; do echo \"$word\"; done");
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("The help of every command fits on one screen, in 80 columns and in 100, and has two examples") {
  for (const KnownCommand& command : known_commands())
    for (const int columns : {80, 100}) {
      const Outcome help = told(command.words, "--help", columns);
      CAPTURE(page_name(command));
      CAPTURE(columns);
      CHECK(help.code == 0);
      CHECK(help.err.empty());
      const auto lines = lines_of(help.out);
      CHECK(lines.size() <= 50);
      size_t widest = 0, examples = 0;
      bool behind = false;
      for (const std::string& line : lines) {
        widest = std::max(widest, line.size());
        behind |= line == "Examples:";
        examples += behind && contains(line, "cvtool ") && !starts_with(line, "  #") && starts_with(line, "  ");
      }
      CHECK(widest <= static_cast<size_t>(columns));
      CHECK(examples >= 2);
    }
}

TEST_CASE("--help-all of every command names every flag and says what stands behind it, without braces or 0.0") {
  for (const KnownCommand& command : known_commands()) {
    const Outcome help = told(command.words, "--help-all");
    CAPTURE(page_name(command));
    CHECK(help.code == 0);
    CHECK_FALSE(contains(help.out, "{"));
    CHECK_FALSE(contains(help.out, ".0)"));
    CHECK_FALSE(contains(help.out, "TEXT"));
    for (const std::string& flag : command.flags) {
      CAPTURE(flag);
      CHECK(names_flag(help.out, flag));
    }
  }
  const std::string all = told({"train"}, "--help-all").out, some = told({"train"}, "--help").out;
  CHECK(contains(all, "the optimizer's small constant (default: 0 = the optimizer's own)"));
  CHECK(contains(all, "--rho"));
  CHECK_FALSE(contains(some, "--rho"));
  CHECK(contains(some, "`cvtool train --help-all` shows "));
}

TEST_CASE("Every command has a page for man, with every flag and two examples") {
  const Scratch scratch;
  const Outcome written = told({"manual", "--man", scratch / "man"}, "");
  REQUIRE(written.code == 0);
  for (const KnownCommand& command : known_commands()) {
    CAPTURE(page_name(command));
    const std::string file = scratch / ("man/" + page_name(command) + ".1");
    std::string page = content_of(file);
    const size_t examples = page.find("\n.SH EXAMPLES\n");
    REQUIRE(examples != std::string::npos);
    const std::string behind = page.substr(examples + 1, page.find("\n.SH ", examples + 1) - examples);
    size_t count = 0;
    for (const std::string& line : lines_of(behind)) count += line == ".TP";
    CHECK(count >= 2);
    std::string plain;
    for (size_t i = 0; i < page.size(); ++i) {
      if (page.compare(i, 3, "\\fB") == 0 || page.compare(i, 3, "\\fR") == 0)
        plain += ' ', i += 2;
      else if (page[i] != '\\')
        plain += page[i];
    }
    for (const std::string& flag : command.flags) {
      CAPTURE(flag);
      CHECK(names_flag(plain, flag));
    }
    if (installed("mandoc")) CHECK(std::system(("mandoc -T lint -W warning " + file).c_str()) == 0);
    if (installed("groff")) CHECK(std::system(("test -z \"$(groff -man -ww -z " + file + " 2>&1)\"").c_str()) == 0);
  }
  const Outcome printed = told({"manual"}, "");
  CHECK(printed.code == 0);
  for (const char* flag : {"--optimizer", "--train-per-class", "--grad-cam++"}) CHECK(contains(printed.out, flag));
}

TEST_CASE("The completion of every shell knows every command and every flag") {
  const Scratch scratch;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    const std::string file = script_for(scratch, shell), script = content_of(file);
    for (const KnownCommand& command : known_commands()) {
      CAPTURE(page_name(command));
      if (!command.words.empty()) CHECK(names_flag(script, command.words.back()));
      for (const std::string& flag : command.flags) {
        // fish names long flags without their dashes; bash offers long ones only.
        if (std::string(shell) == "bash" && !starts_with(flag, "--")) continue;
        CAPTURE(flag);
        const bool is_long = starts_with(flag, "--");
        CHECK(names_flag(script, std::string(shell) != "fish" ? flag
                                 : is_long                    ? "-l " + flag.substr(2)
                                                              : "-s " + flag.substr(1)));
      }
    }
    if (installed(shell)) CHECK(std::system((shell + std::string(" -n ") + file).c_str()) == 0);
  }
}

TEST_CASE("bash completes commands, flags, their words, recipes, backbones, runs and files") {
  const Scratch scratch;
  script_for(scratch, "bash");
  scratch.write("bases/mine.pt", "x");
  scratch.write("runs/train/config.json", "{}");
  scratch.write("runs/other/notes.txt", "no run");
  scratch.write("photos/a.jpg", "x");
  const auto offers = [&](const Words& words) { return bash_offers(scratch, words); };
  CHECK(offers({"tr"}) == "train");
  CHECK(offers({"data", "s"}) == "sample split stats");
  CHECK(offers({"train", "--opt"}) == "--optimizer");
  CHECK(offers({"train", "--data", "photos", "--optimizer", "a"}) == "adagrad adam adamw");
  CHECK(offers({"train", "--optimizer", "=", "sg"}) == "sgd");
  CHECK(offers({"train", "--recipe", "car-or-truck-v"}) == "car-or-truck-vgg16 car-or-truck-vgg16-augmented");
  CHECK(offers({"train", "--base", "mi"}) == "mine");
  CHECK(offers({"train", "--base", "mob"}) ==
        "mobilenet_v2 mobilenet_v3_large mobilenet_v3_small mobilenet_v4_conv_small");
  CHECK(offers({"train", "--augment", "flip,rot"}) == "flip,rotation");
  CHECK(offers({"train", "--head", "dense", ":", "64,dro"}) == "64,dropout");
  CHECK(offers({"train", "--sweep", "lr_e"}) == "lr_end=");
  CHECK(offers({"train", "--data", "ph"}) == "photos");
  CHECK(offers({"train", "--no-ex"}) == "--no-exif");
  CHECK(offers({"eval", "--model", "ru"}) == "runs runs/train");
  CHECK(offers({"eval", "--min", "balanced"}) == "balanced_accuracy=");
  CHECK(offers({"export", "--format", "o"}) == "onnx");
  CHECK(offers({"cache", "clear", "pix"}) == "pixels");
  CHECK(offers({"predict", "photos/"}) == "photos/a.jpg");
  CHECK(offers({"train", "--epochs", ""}).empty());
  CHECK(contains(offers({"train", ""}), "--optimizer"));
  // What a folder is called is never run.
  scratch.write("runs/x $(touch ran)/config.json", "{}");
  CHECK(offers({"verify", "runs/x"}) == "runs/x $(touch ran) runs/x $(touch ran)");
  CHECK_FALSE(std::filesystem::exists(scratch / "ran"));
}

TEST_CASE("fish completes commands, flags, their words, recipes, backbones and runs") {
  if (!installed("fish")) {
    MESSAGE("fish is not installed");
    return;
  }
  const Scratch scratch;
  script_for(scratch, "fish");
  scratch.write("bases/mine.pt", "x");
  scratch.write("runs/train/config.json", "{}");
  std::filesystem::create_symlink(CVTOOL_PROGRAM, scratch / "cvtool");
  const auto offers = [&](const std::string& line) {
    return offered(scratch, "fish",
                   "set -x PATH $PWD $PATH; source cvtool.fish; complete -C " + shell_word(line) +
                       " | string replace -r '\\t.*' ''");
  };
  CHECK(offers("cvtool tr") == "train");
  CHECK(offers("cvtool data s") == "sample split stats");
  CHECK(offers("cvtool train --opti") == "--optimizer");
  CHECK(offers("cvtool train --optimizer a") == "adagrad adam adamw");
  CHECK(offers("cvtool train --recipe small") == "small-resnet");
  CHECK(offers("cvtool train --base mine") == "mine");
  CHECK(offers("cvtool train --augment flip,rot") == "flip,rotation");
  CHECK(offers("cvtool compare runs/t") == "runs/train runs/train/");
}

TEST_CASE("Completions and manual need no engine, and refuse what they do not know") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "bin");
  std::filesystem::copy_file(CVTOOL_PROGRAM, scratch / "bin/cvtool");
  for (const Words& arguments :
       {Words{"completion", "bash"}, Words{"completion", "--words", "steps"}, Words{"manual"}}) {
    Invocation invocation;
    invocation.program = scratch / "bin/cvtool";
    invocation.arguments = arguments;
    const Outcome outcome = run_program(invocation);
    CHECK(outcome.code == 0);
    CHECK_FALSE(outcome.out.empty());
  }
  for (const auto& [arguments, message] : std::vector<std::pair<Words, std::string>>{
           {{"completion"}, "name a shell, bash, zsh or fish"},
           {{"completion", "bsh"}, "unknown shell 'bsh'; did you mean 'bash'?"},
           {{"completion", "--words", "recipe"}, "unknown list 'recipe'; did you mean 'recipes'?"}}) {
    const Outcome outcome = told(arguments, "");
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.err, message));
  }
}
