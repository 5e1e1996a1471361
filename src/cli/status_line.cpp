#include "cli/status_line.h"

#include <cstdio>

namespace cvtool {

void StatusLine::show(const std::string& line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void StatusLine::clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  take_off();
  std::fflush(stderr);
}

void StatusLine::write(const std::string& text) {
  const std::lock_guard<std::mutex> lock(mutex_);
  take_off();
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void StatusLine::take_off() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

}  // namespace cvtool
