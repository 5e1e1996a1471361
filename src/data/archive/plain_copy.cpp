#include "data/archive/plain_copy.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/atomic_file.h"
#include "base/cache_files.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "data/archive/unpack_stream.h"
#include "data/pixel_cache.h"

namespace cvtool {
namespace {

// By the file and its last bytes, in which gzip and Zstandard keep a checksum of all: no two archives share a copy.
std::string copy_name(const ArchiveFile& archive) {
  constexpr uint64_t kLast = 64 << 10;
  const FileStamp& stamp = archive.stamp();
  std::string key;
  for (const auto number : {static_cast<int64_t>(stamp.device), static_cast<int64_t>(stamp.inode), stamp.bytes,
                            stamp.changed_s, stamp.changed_ns})
    key += std::to_string(number) + ' ';
  const uint64_t last = std::min(kLast, archive.bytes());
  key += archive.read(archive.bytes() - last, last);
  return hex_text(content_hash(key)) + ".tar";
}

// Null where it is not there.
std::unique_ptr<const ArchiveFile> opened(const std::string& copy) {
  FileStamp stamp;
  if (!stamp_of_file(copy, stamp)) return nullptr;
  auto file = std::make_unique<const ArchiveFile>(copy);
  hold_cache_file(file->descriptor());
  return file;
}

// Each copy stays open: of shards there may be more than a program may open as long as it does not ask.
void allow_all_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void write_copy(const ArchiveFile& archive, StreamPacking packing, const std::string& copy) {
  make_folders(cache_place("archives"));
  AtomicFile file(copy, FileKind::kPrivate);
  unpack_stream(archive, packing, [&](std::string_view bytes) { file.write(bytes); });
  file.keep();
}

}  // namespace

std::unique_ptr<const ArchiveFile> plain_copy_of(const std::string& path, const ArchiveFile& archive) {
  static const bool allowed = (allow_all_files(), true);
  static_cast<void>(allowed);
  const StreamPacking packing = stream_packing(archive);
  const std::string copy = cache_place("archives") + "/" + copy_name(archive);
  auto file = opened(copy);
  if (file) return file;
  const auto bytes = static_cast<int64_t>(told_unpacked_bytes(archive, packing));
  const std::string no_room = make_cache_room(
      bytes, [&] { return (file = opened(copy)) != nullptr; },
      [&] {
        spdlog::info("{} is compressed as a whole; a plain copy of it is made once among the caches", printable(path));
        write_copy(archive, packing, copy);
        file = opened(copy);
      });
  if (no_room.empty() && !file) throw DataError("cannot be unpacked: its plain copy was removed at once; try again");
  if (!no_room.empty())
    throw DataError("is compressed as a whole, and for a plain copy among the caches there is no room: " + no_room +
                    ", or make it plain yourself (gunzip, zstd -d)");
  return file;
}

}  // namespace cvtool
