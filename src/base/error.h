// The exceptions of cvtool. Their messages are shown to the user as they are: they name the file or key at
// fault and end with what to do next.
#pragma once

#include <stdexcept>
#include <string>

namespace cvtool {

// The program's exit codes.
enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,        // failed while running: bad model file, unwritable output, NaN, full disk
  kUsage = 2,         // unknown name, key or flag; value out of range
  kGate = 3,          // a gate was not met
  kData = 4,          // the data cannot be used
  kInterrupted = 130  // Ctrl-C
};

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ExitCode code = ExitCode::kFailed)
      : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// The user asked for something that does not exist or is out of range.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(message, ExitCode::kUsage) {}
};

// The photos cannot be used.
class DataError : public Error {
 public:
  explicit DataError(const std::string& message) : Error(message, ExitCode::kData) {}
};

// What the user is told of any exception: an Error's own message, that memory ran out (on the processor or the GPU),
// or "internal error: " and what went wrong, without a stack trace.
std::string failure_text(const std::exception& error);

}  // namespace cvtool
