// What lies in a ZIP or TAR file, found once, and the bytes of each file in it.
//
// Nothing in an archive is believed. It is refused as a whole, in words that name the entry, where a name leads out of
// it or comes twice, for links and devices, for what unpacks to far more than it is, and where its end is damaged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/archive/archive_file.h"

namespace cvtool {

// Limits that no set of photos comes near.
constexpr uint64_t kMaxArchivedBytes = uint64_t{1} << 30;  // of one file, unpacked
constexpr uint64_t kMaxUnpackedTimes = 200;                // unpacked bytes to packed ones, above a free MiB
constexpr size_t kMaxArchivedName = 4096;                  // bytes of a path

struct ArchiveEntry {
  enum class Packing { kPlain, kZipStored, kZipDeflated };
  std::string name;     // stays_inside(), '/' between folders
  uint64_t offset = 0;  // kPlain: of its bytes; else of its local header
  uint64_t packed = 0;  // bytes in the archive
  uint64_t bytes = 0;   // unpacked
  uint32_t crc = 0;     // CRC-32 of what is unpacked; not of kPlain
  Packing packing = Packing::kPlain;
};

class ArchiveIndex {
 public:
  struct Child {
    std::string name;
    bool is_folder = false;
  };

  // By the file's content. Throws DataError naming the archive and the entry.
  explicit ArchiveIndex(const std::string& path);

  const std::string& path() const { return path_; }
  const FileStamp& stamp() const { return stamp_; }
  const std::vector<ArchiveEntry>& entries() const { return entries_; }  // by name
  // Null where there is no such file.
  const ArchiveEntry* find(const std::string& name) const;
  // "" is the archive itself; other folders are there where something lies in them.
  bool has_folder(const std::string& folder) const;
  std::vector<Child> children(const std::string& folder) const;

  // The bytes from `begin` on, `count` at most. Thread-safe. Throws DataError with the reason (not the path): the
  // archive has changed, or holds other bytes than it says.
  std::string read(const ArchiveEntry& entry, uint64_t begin, uint64_t count) const;

 private:
  void check() const;

  std::string path_;
  // Of a compressed TAR, held open so that it stays among the caches; null for others.
  std::unique_ptr<const ArchiveFile> copy_;
  FileStamp stamp_;
  std::vector<ArchiveEntry> entries_;
};

// Whether no photos unpack to so much.
bool is_bomb(uint64_t unpacked, uint64_t packed);

// The two formats: POSIX.1-2001 tar with GNU's long names, and PKWARE's APPNOTE 6.3 with ZIP64. Folders are left out.
// They throw DataError with the reason (not the path).
std::vector<ArchiveEntry> tar_entries(const ArchiveFile& file);
std::vector<ArchiveEntry> zip_entries(const ArchiveFile& file);
// The bytes of an entry of a ZIP file, `count` from its begin at most.
std::string unzipped(const ArchiveFile& file, const ArchiveEntry& entry, uint64_t count);

// The name of an entry as a path in the archive: without "./"; "" for the archive's own folder. Throws DataError for
// one that leads out of it.
std::string name_in_archive(const std::string& written);
// Throws DataError: "the entry 'NAME' WHAT; HINT".
[[noreturn]] void refuse_entry(const std::string& name, const std::string& what);

}  // namespace cvtool
