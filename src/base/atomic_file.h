// A file that others see whole or not at all: written where its target will be, then renamed. The only way in which
// files that must not be half-written come about.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace cvtool {

// The reason that errno holds, in words, with what to do about it.
std::string system_reason();

// A name in the same folder that no other process and no other container has: PATH.part and eight hexadecimal digits.
std::string temporary_beside(const std::string& path);
// True for such a name: what lies at it when nobody writes is what a killed program has left.
bool is_temporary(const std::string& name);

// True where `path` takes bytes as they come and can hold no file beside it: a device, a FIFO, a socket, /dev/fd/N.
bool is_stream(const std::string& path);

// Returns when a rename in the folder of `path` lies on the disk. Not every file system can say so: no error.
void flush_folder_of(const std::string& path);

// Adds the bytes at the end of a file, or makes it; links are followed. Where that fails (a full disk), the file is as
// it was. Throws Error naming the path.
void append_to_file(const std::string& path, std::string_view bytes);

enum class FileKind {
  // Named by the user: symbolic links are followed, and what they point at is replaced (or made). A stream is written
  // into, all at once when the file is kept.
  kOutput,
  // At a name that the program itself has chosen: a link or whatever else is there is replaced, never followed.
  kOwn,
  // kOwn, for the user's eyes alone.
  kPrivate
};

// Appears at its path when it is kept; without that no trace of it stays. Until then it has no name, so that nothing is
// left where the program is killed; where the file system has no such files (NFS) it is written under a temporary name
// beside its target. A file that is there keeps its mode, and its owner where the system allows it; one that the user
// may not write is refused, as is a folder. Everything throws Error naming the path.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path, FileKind kind = FileKind::kOutput);
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
  // is kept. For copies of what lies elsewhere too; of kind kOwn.
  bool keep_new();

  // Where the file can be read until it is kept, and its descriptor.
  const std::string& temporary() const { return temporary_; }
  int descriptor() const { return file_; }

 private:
  [[noreturn]] void fail() const;
  void open_stream();
  void open_for_target();
  void open_beside(mode_t mode);
  void take_over_mode();
  void name_it();
  void copy_to_stream();

  std::string path_;       // as it was given, for messages
  std::string target_;     // behind all links
  std::string temporary_;  // of a stream: what is to be written waits in memory
  bool named_ = false;     // temporary_ is a name in the target's folder
  FileKind kind_;
  int file_ = -1, stream_ = -1;
};

}  // namespace cvtool
