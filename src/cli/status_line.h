// The last line on stderr, where progress is drawn, and the messages above it. Any thread may write.
#pragma once

#include <mutex>
#include <string>

namespace cvtool {

class StatusLine {
 public:
  // Draws `line`, without a newline, in place of what is drawn.
  void show(const std::string& line);
  // Takes what is drawn off the terminal.
  void clear();
  // The same, and writes `text`, which ends with a newline.
  void write(const std::string& text);

 private:
  void take_off();

  std::mutex mutex_;
  bool drawn_ = false;
};

}  // namespace cvtool
