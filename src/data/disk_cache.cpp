// The pixel cache that outlives a run: header, one entry a row, then the rows, in one file.
//
// Nothing in the file is believed: each row is checked against the content of its photo and a checksum of its
// pixels whenever it is read, so a stale, damaged or half-written file costs time and never gives wrong
// pixels. For the same reason processes may share a file without locks. It is read and written by position and not
// mapped: a mapped file that somebody cuts short would end the process. A file of another size or header is
// replaced, not changed.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/atomic_file.h"
#include "base/cache_files.h"
#include "base/error.h"
#include "base/files.h"
#include "data/pixel_cache.h"

namespace cvtool {
namespace {

constexpr char kMagic[16] = "cvtool pixels 1";
constexpr size_t kPageBytes = 4096;

struct Header {
  char magic[16];
  uint64_t rows, row_bytes;
};

struct Entry {
  ContentHash content;
  uint64_t checksum = 0;
};

struct FileLayout {
  size_t pixels, size;  // offset of the first row; size of the file
};

FileLayout layout_of(const CacheShape& shape) {
  const size_t entries_end = kPageBytes + shape.rows * sizeof(Entry);
  const size_t pixels = (entries_end + kPageBytes - 1) / kPageBytes * kPageBytes;
  return {pixels, pixels + shape.rows * shape.row_bytes};
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

bool read_at(int file, size_t offset, void* target, size_t size) {
  auto* to = static_cast<uint8_t*>(target);
  while (size > 0) {
    const ssize_t got = ::pread(file, to, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got, offset += static_cast<size_t>(got), size -= static_cast<size_t>(got);
  }
  return true;
}

bool write_at(int file, size_t offset, const void* source, size_t size) {
  const auto* from = static_cast<const uint8_t*>(source);
  while (size > 0) {
    const ssize_t wrote = ::pwrite(file, from, size, static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    from += wrote, offset += static_cast<size_t>(wrote), size -= static_cast<size_t>(wrote);
  }
  return true;
}

class DiskCache : public PixelCache {
 public:
  DiskCache(Descriptor file, const CacheShape& shape)
      : file_(std::move(file)), shape_(shape), layout_(layout_of(shape)) {}

  bool read(size_t row, const ContentHash& content, uint8_t* target) const override {
    Entry entry;
    return read_at(file_.number(), entry_at(row), &entry, sizeof entry) && entry.content == content &&
           read_at(file_.number(), pixels_at(row), target, shape_.row_bytes) &&
           checksum(row, content, target) == entry.checksum;
  }

  // The entry comes last: without it the row counts as not there.
  void write(size_t row, const ContentHash& content, const uint8_t* source) override {
    const Entry entry{content, checksum(row, content, source)};
    if (write_at(file_.number(), pixels_at(row), source, shape_.row_bytes))
      write_at(file_.number(), entry_at(row), &entry, sizeof entry);
  }

 private:
  static size_t entry_at(size_t row) { return kPageBytes + row * sizeof(Entry); }
  size_t pixels_at(size_t row) const { return layout_.pixels + row * shape_.row_bytes; }
  uint64_t checksum(size_t row, const ContentHash& content, const uint8_t* data) const {
    return XXH3_64bits_withSeed(data, shape_.row_bytes, content.low ^ content.high ^ row);
  }

  Descriptor file_;
  CacheShape shape_;
  FileLayout layout_;
};

Header header_of(const CacheShape& shape) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.rows = shape.rows;
  header.row_bytes = shape.row_bytes;
  return header;
}

Descriptor open_existing(const std::string& path, const CacheShape& shape) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!file.open()) return file;
  struct stat status {};
  Header header{};
  const Header wanted = header_of(shape);
  const bool fits = ::fstat(file.number(), &status) == 0 && S_ISREG(status.st_mode) &&
                    static_cast<size_t>(status.st_size) == layout_of(shape).size &&
                    read_at(file.number(), 0, &header, sizeof header) &&
                    std::memcmp(&header, &wanted, sizeof header) == 0;
  if (!fits) file.close();
  if (fits) hold_cache_file(file.number());
  return file;
}

// Throws Error when the file cannot be made.
Descriptor create(const std::string& path, const CacheShape& shape) {
  AtomicFile file(path, FileKind::kPrivate);
  hold_cache_file(file.descriptor());
  const Header header = header_of(shape);
  // All of the space is taken now, so that a full disk is found out before any work.
  file.reserve(layout_of(shape).size);
  file.write({reinterpret_cast<const char*>(&header), sizeof header});
  Descriptor opened(::fcntl(file.descriptor(), F_DUPFD_CLOEXEC, 0));
  file.keep();
  return opened;
}

}  // namespace

std::unique_ptr<PixelCache> disk_cache(const CacheShape& shape, const CacheName& name) {
  const std::string folder = cache_place(name.kind), path = folder + "/" + name.key;
  Descriptor file(-1);
  std::string problem;
  try {
    make_folders(folder);
    const auto is_there = [&] {
      file = open_existing(path, shape);
      return file.open();
    };
    if (!is_there())
      problem =
          make_cache_room(static_cast<int64_t>(layout_of(shape).size), is_there, [&] { file = create(path, shape); });
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    problem = error.what();
  }
  if (file.open()) return std::make_unique<DiskCache>(std::move(file), shape);
  spdlog::warn("no cache on disk in {}: {}; {} are made anew whenever they are needed", folder, problem, name.kind);
  return nullptr;
}

}  // namespace cvtool
