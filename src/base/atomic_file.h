// A file that others see whole or not at all: written beside its target, then renamed. The only way in which files that
// must not be half-written come about.
#pragma once

#include <string>
#include <string_view>

namespace cvtool {

// The reason that errno holds, in words, with what to do about it.
std::string system_reason();

// A name in the same folder that no other process and no other container has: PATH.part and eight hexadecimal digits.
std::string temporary_beside(const std::string& path);
// True for such a name: what lies at it when nobody writes is what a killed program has left.
bool is_temporary(const std::string& name);

// Appears at its path when it is kept; without that no trace of it stays. Everything throws Error naming the path.
class AtomicFile {
 public:
  // `mode`: who may read and write it, less the umask.
  explicit AtomicFile(std::string path, unsigned mode = 0666);
  ~AtomicFile();  // what was not kept is removed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  // Takes the disk space for so many bytes.
  void reserve(size_t bytes);
  // Returns when what was written lies on the disk.
  void flush();
  // Flushes, renames and flushes the folder. The last call.
  void keep();
  // Renames without waiting for the disk and never replaces what is at the path: false where something is, and nothing
  // is kept. For copies of what lies elsewhere too.
  bool keep_new();

  // Where the file lies until it is kept, and its descriptor.
  const std::string& temporary() const { return temporary_; }
  int descriptor() const { return file_; }

 private:
  [[noreturn]] void fail() const;

  std::string path_, temporary_;
  int file_ = -1;
};

}  // namespace cvtool
