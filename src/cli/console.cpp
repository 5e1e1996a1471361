#include "cli/console.h"

#include <fcntl.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/launch.h"
#include "base/output.h"
#include "base/text.h"

namespace cvtool {
namespace {

// A signal handler can reach nothing but a global.
volatile std::sig_atomic_t stop_signals = 0;

extern "C" void on_stop_signal(int) {
  stop_signals = stop_signals + 1;
  if (stop_signals > 1) ::_exit(static_cast<int>(ExitCode::kInterrupted));
  constexpr char kNotice[] = "\nstopping after this step; once more to stop at once\n";
  const int kept = errno;
  (void)!::write(STDERR_FILENO, kNotice, sizeof kNotice - 1);
  errno = kept;
}

// spdlog's messages, of any thread, above the progress bar. Outlives the console, as the logger does.
class ConsoleSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  ConsoleSink(std::shared_ptr<StatusLine> line, bool colours) : line_(std::move(line)), colours_(colours) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const char* label = message.level >= spdlog::level::err    ? "error: "
                        : message.level == spdlog::level::warn ? "warning: "
                                                               : "";
    const char* colour = !colours_                              ? ""
                         : message.level >= spdlog::level::err  ? "\033[31m"
                         : message.level == spdlog::level::warn ? "\033[33m"
                                                                : "";
    const std::string text = message_text({message.payload.data(), message.payload.size()});
    line_->write(std::string(colour) + label + (*colour ? "\033[0m" : "") + text + "\n");
  }
  void flush_() override {}
  const std::shared_ptr<StatusLine> line_;
  const bool colours_;
};

size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

bool environment_says(const char* name, const char* value) {
  const char* set = std::getenv(name);
  return set && (!value || std::strcmp(set, value) == 0);
}

}  // namespace

Console::Console(Verbosity verbosity) : quiet_(verbosity == Verbosity::kQuiet), line_(std::make_shared<StatusLine>()) {
  const bool terminal = ::isatty(STDERR_FILENO) && !environment_says("TERM", "dumb");
  bar_ = terminal && !quiet_;
  colours_ = terminal && !environment_says("NO_COLOR", nullptr);
  auto logger = std::make_shared<spdlog::logger>("cvtool", std::make_shared<ConsoleSink>(line_, colours_));
  logger->set_level(verbosity == Verbosity::kVerbose ? spdlog::level::debug
                    : quiet_                         ? spdlog::level::warn
                                                     : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // A file that grows over the limit (ulimit -f) is an error where it is written, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
}

Console::~Console() { clear_bar(); }

void Console::outlive_terminal() {
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

bool Console::leaves_words_to_rank_0() {
  const std::optional<Launch> launch = launch_from_environment();
  if (!launch || launch->rank == 0) return false;
  bar_ = false;
  quiet_ = true;
  spdlog::set_level(spdlog::level::err);
  return true;
}

void Console::event(const Json& event) {
  if (!events_ || events_failed_) return;
  const std::string line = text_from_json(event, -1);
  events_failed_ = std::fwrite(line.data(), 1, line.size(), stdout) != line.size() || std::fflush(stdout) != 0;
}

void Console::finish_events() const {
  if (events_failed_) throw Error("cannot write to standard output; not all events are there");
}

bool Console::stop_requested() { return stop_signals > 0; }

void Console::clear_bar() { line_->clear(); }

void Console::progress(const Progress& progress) {
  if (!bar_) return;
  const auto now = std::chrono::steady_clock::now();
  if (progress.phase != phase_) {
    phase_ = progress.phase;
    phase_start_ = now;
    last_draw_ = {};
  }
  if (now - last_draw_ < std::chrono::milliseconds(100) && (progress.done < progress.total || progress.total == 0))
    return;
  last_draw_ = now;
  draw(progress);
}

void Console::draw(const Progress& p) {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - phase_start_).count();
  const double fraction = p.total > 0 ? static_cast<double>(p.done) / static_cast<double>(p.total) : 0;
  std::string tail = " " + with_thousands(p.done) + (p.total > 0 ? "/" + with_thousands(p.total) : "");
  if (seconds > 0.3 && p.done > 0) {
    const double rate = static_cast<double>(p.done) / seconds;
    tail += "  " + fixed(rate, rate < 10 ? 1 : 0) + " images/s";
    if (p.done < p.total) tail += "  " + duration_text(static_cast<double>(p.total - p.done) / rate) + " left";
  }
  if (!std::isnan(p.loss)) tail += "  loss " + fixed(p.loss, 4);
  if (!std::isnan(p.metric)) tail += "  accuracy " + fixed(p.metric, 4);
  const size_t width = terminal_width();
  const size_t used = p.phase.size() + tail.size() + 4;
  const size_t room = p.total > 0 && width > used + 8 ? std::min<size_t>(30, width - used) : 0;
  std::string line = p.phase;
  if (room > 0) {
    const auto filled = static_cast<size_t>(std::lround(fraction * static_cast<double>(room)));
    line += " [" + std::string(filled, '=') + std::string(room - filled, ' ') + "]";
  }
  line += tail;
  if (line.size() >= width) line.resize(width - 1);
  line_->show(line);
}

void Console::epoch(const EpochReport& report) {
  if (events_) {
    Json line{{"event", "epoch"}, {"epoch", report.epoch}, {"epochs", report.epochs}};
    for (const auto& [name, value] : report.values) line[name] = value;
    line["best"] = report.best;
    event(line);
  }
  if (quiet_) {
    clear_bar();
    return;
  }
  const std::string total = std::to_string(report.epochs), number = std::to_string(report.epoch);
  std::string line = "Epoch " + std::string(total.size() - number.size(), ' ') + number + "/" + total;
  for (const auto& [name, value] : report.values) {
    if (name == "lr") {
      // A rate that stays is told once, in the recipe.
      if (report.epoch > 1 && shown_lr_ != 0 && shown_lr_ != value) line += "  lr " + significant(value, 3);
      shown_lr_ = value;
      continue;
    }
    if (name == "seconds")
      line += "  " + duration_text(value);
    else if (name == "images_per_second")
      line += "  " + fixed(value, 0) + " images/s";
    else
      line += "  " + name + " " + fixed(value, 4);
  }
  line_->write(line + (report.best ? "  *" : "") + "\n");
}

std::string message_text(const std::string& message) {
  std::vector<std::string> lines = split(message, '\n');
  for (std::string& line : lines) line = printable(line);
  return join(lines, "\n");
}

void Console::print_error(const std::string& message) { line_->write("cvtool: " + message_text(message) + "\n"); }

void fill_closed_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
    // The lowest number that is free is the one that open() gives.
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      (void)!::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw Error(std::string("cannot write to standard output: ") + std::strerror(errno));
}

void print_about(const std::string& written, const std::string& text) {
  struct stat file {
  }, out{};
  const bool same = ::stat(written.c_str(), &file) == 0 && ::fstat(STDOUT_FILENO, &out) == 0 && is_stream(written) &&
                    file.st_dev == out.st_dev && file.st_ino == out.st_ino;
  if (!same) return print(text);
  std::fputs(text.c_str(), stderr);
}

}  // namespace cvtool
