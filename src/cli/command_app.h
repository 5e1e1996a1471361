// A command of the command line, with what its help needs beside its flags.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace cvtool {

struct Example {
  std::string command, what;
};

// For Option::check; the help does not tell of it.
template <class T>
CLI::Validator in_range(T low, T high) {
  return CLI::Range(low, high).description("");
}

// A flag's type_name says what its value is, and with it how a shell completes it: see values.h. Its description ends
// with its default, "(default: ...)", and is enough for a short help up to the first semicolon.
class CommandApp : public CLI::App {
 public:
  CommandApp(const std::string& description, const std::string& name) : CLI::App(description, name) {
    set_help_flag("-h,--help", "show what most people need")->group("Messages");
    set_help_all_flag("--help-all", "show every flag")->group("Messages");
  }

  // The flags that --help shows; without any it shows them all.
  void common(std::vector<std::string> flags) { common_ = std::move(flags); }
  // What is to be known before the flags are read: whole sentences.
  void about(std::string text) { about_ = std::move(text); }
  // What stands behind the command's name in its usage, where the flags alone do not tell.
  void synopsis(std::string words) { synopsis_ = std::move(words); }
  void example(std::string command, std::string what) { examples_.push_back({std::move(command), std::move(what)}); }

  const std::vector<std::string>& common() const { return common_; }
  const std::string& about() const { return about_; }
  const std::string& synopsis() const { return synopsis_; }
  const std::vector<Example>& examples() const { return examples_; }

 private:
  std::vector<std::string> common_;
  std::string about_, synopsis_;
  std::vector<Example> examples_;
};

}  // namespace cvtool
