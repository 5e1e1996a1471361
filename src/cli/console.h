// The terminal: messages and progress on stderr, results on stdout.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/observer.h"
#include "cli/status_line.h"

namespace cvtool {

// Draws progress bars on a terminal, a plain line per epoch elsewhere; nothing when quiet. The first Ctrl-C or SIGTERM
// asks the work to stop, the second ends the program at once.
//
// For programs, epochs and events go to stdout as JSON Lines when asked for; a reader that has gone ends no training,
// but finish_events() reports it.
class Console : public Observer {
 public:
  enum class Verbosity { kQuiet, kNormal, kVerbose };
  explicit Console(Verbosity verbosity);
  ~Console() override;

  void progress(const Progress& progress) override;
  void epoch(const EpochReport& report) override;
  bool stop_requested() override;
  void event(const Json& event) override;

  // From now on nothing but the two stop signals ends the program: not a closed terminal, nor a pipe that nobody reads.
  static void outlive_terminal();

  // From now on epochs and events are written to stdout, a JSON object a line.
  void write_events() { events_ = true; }
  // Throws Error when some could not be written.
  void finish_events() const;

  // Of several processes rank 0 tells how it goes: in the others nothing but errors is said from now on. True there.
  bool leaves_words_to_rank_0();

  // Takes a bar that is being drawn off the terminal.
  void clear_bar();
  bool writes_events() const { return events_; }
  // A line on stderr that says why the program ends as it does, in the way of its error messages.
  void print_error(const std::string& message);
  // True when results on stdout are for a person.
  bool colours() const { return colours_; }

 private:
  void draw(const Progress& progress);

  bool bar_ = false, colours_ = false, quiet_ = false;
  bool events_ = false, events_failed_ = false;
  std::shared_ptr<StatusLine> line_;
  double shown_lr_ = 0;
  std::string phase_;
  std::chrono::steady_clock::time_point phase_start_, last_draw_;
};

// A message as the terminal may get it: names from outside cannot move the cursor or change colours.
std::string message_text(const std::string& message);

// Takes the place of standard streams that are closed, so that no file of ours gets their numbers and with them what is
// printed; printing to one fails as before. To be called first of all.
void fill_closed_streams();

// Writes to stdout; throws Error when it cannot (a full disk behind a redirection).
void print(const std::string& text);
// The same, but to stderr where the file that was written is the standard output itself (-o /dev/stdout).
void print_about(const std::string& written, const std::string& text);

}  // namespace cvtool
