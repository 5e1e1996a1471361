// An open file that is read by position, from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace cvtool {

// What tells a file from another one at the same path, and from itself after a change.
struct FileStamp {
  uint64_t device = 0, inode = 0;
  int64_t bytes = 0, changed_s = 0, changed_ns = 0;
};
inline bool operator==(const FileStamp& a, const FileStamp& b) {
  return a.device == b.device && a.inode == b.inode && a.bytes == b.bytes && a.changed_s == b.changed_s &&
         a.changed_ns == b.changed_ns;
}

// Of a regular file, links followed. False for anything else, and where nothing is.
bool stamp_of_file(const std::string& path, FileStamp& stamp);

// Throws DataError with the reason (not the path).
class ArchiveFile {
 public:
  explicit ArchiveFile(const std::string& path);
  ~ArchiveFile();
  ArchiveFile(const ArchiveFile&) = delete;
  ArchiveFile& operator=(const ArchiveFile&) = delete;

  const FileStamp& stamp() const { return stamp_; }
  int descriptor() const { return file_; }
  uint64_t bytes() const { return static_cast<uint64_t>(stamp_.bytes); }
  // True where `count` bytes from `offset` on are there.
  bool holds(uint64_t offset, uint64_t count) const { return offset <= bytes() && count <= bytes() - offset; }
  // Exactly `count` bytes; throws where the file has no such place.
  std::string read(uint64_t offset, size_t count) const;

 private:
  int file_;
  FileStamp stamp_;
};

}  // namespace cvtool
