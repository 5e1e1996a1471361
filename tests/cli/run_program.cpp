#include "cli/run_program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "scratch.h"

extern char** environ;

namespace cvtool {
namespace {

std::vector<std::string> environment_of(const Invocation& invocation, const std::string& scratch) {
  std::map<std::string, std::string> values;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos) values[text.substr(0, equals)] = text.substr(equals + 1);
  }
  // Nothing of the user's is read or written.
  values["XDG_CACHE_HOME"] = scratch + "/cache";
  values["XDG_DATA_HOME"] = scratch + "/data";
  values["CVTOOL_OFFLINE"] = "1";
  values["CVTOOL_BASES"] = "";
  for (const auto& [name, value] : invocation.environment) values[name] = value;
  std::vector<std::string> out;
  for (const auto& [name, value] : values) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

void redirect(const std::string& path, int flags, int target) {
  const int file = ::open(path.c_str(), flags, 0600);
  if (file < 0 || ::dup2(file, target) < 0) ::_exit(127);
}

}  // namespace

struct RunningProgram::State {
  Scratch scratch;
  pid_t pid = -1;
  bool ended = false;
  int status = 0;
  bool poll(int options) {
    if (ended) return true;
    pid_t got = 0;
    while ((got = ::waitpid(pid, &status, options)) < 0 && errno == EINTR) continue;
    return ended = got == pid;
  }
};

RunningProgram::RunningProgram(const Invocation& invocation) : state_(std::make_unique<State>()) {
  const std::string scratch = state_->scratch.path();
  std::vector<std::string> arguments = invocation.arguments, environment = environment_of(invocation, scratch);
  const std::string program = invocation.program.empty() ? CVTOOL_PROGRAM : invocation.program;
  arguments.insert(arguments.begin(), program);
  const std::vector<char*> argv = pointers_to(arguments), envp = pointers_to(environment);
  const std::string input = state_->scratch.write("stdin", invocation.input);
  const std::string output = invocation.output_file.empty() ? scratch + "/stdout" : invocation.output_file;
  const std::string errors = state_->scratch.write("stderr", "");
  state_->pid = ::fork();
  if (state_->pid < 0) throw std::runtime_error("cannot fork");
  if (state_->pid > 0) return;
  redirect(input, O_RDONLY, STDIN_FILENO);
  redirect(output, O_WRONLY | O_CREAT, STDOUT_FILENO);
  redirect(errors, O_WRONLY | O_APPEND, STDERR_FILENO);
  if (!invocation.folder.empty() && ::chdir(invocation.folder.c_str()) != 0) ::_exit(127);
  ::execve(program.c_str(), argv.data(), envp.data());
  ::_exit(127);
}

RunningProgram::~RunningProgram() {
  if (state_->poll(WNOHANG)) return;
  ::kill(state_->pid, SIGKILL);
  state_->poll(0);
}

void RunningProgram::send(int signal) const { ::kill(state_->pid, signal); }

bool RunningProgram::wait_for_message(const std::string& text) {
  return wait_until([&] { return contains(content_of(state_->scratch / "stderr"), text); });
}

bool RunningProgram::wait_for_handler(int signal) {
  const std::string process = "/proc/" + std::to_string(state_->pid);
  return wait_until([&] {
    // Before exec() it is a copy of the test program, which has handlers of its own.
    std::error_code gone;
    if (!std::filesystem::equivalent(process + "/exe", CVTOOL_PROGRAM, gone)) return false;
    const std::string status = content_of(process + "/status"), key = "SigCgt:";
    const auto at = status.find(key);
    return at != std::string::npos &&
           (std::stoull(status.substr(at + key.size()), nullptr, 16) >> (signal - 1) & 1) != 0;
  });
}

bool RunningProgram::wait_until(const std::function<bool()>& happened) {
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < std::chrono::minutes(2)) {
    const bool ended = state_->poll(WNOHANG);
    if (happened()) return true;
    if (ended) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

Outcome RunningProgram::wait() {
  state_->poll(0);
  const int status = state_->status;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), content_of(state_->scratch / "stdout"),
          content_of(state_->scratch / "stderr")};
}

Outcome run_program(const Invocation& invocation) { return RunningProgram(invocation).wait(); }

std::map<std::string, std::string> signal_at_file(int signal, int count) {
  return {{"LD_PRELOAD", CVTOOL_SIGNAL_LIBRARY},
          {"CVTOOL_SIGNAL", std::to_string(signal)},
          {"CVTOOL_SIGNAL_AT", std::to_string(count)}};
}

}  // namespace cvtool
