// The pixel cache that outlives a run: header, one entry a row, then the rows, in one memory-mapped file.
//
// Nothing in the file is believed: each row is checked against the content of its photo and a checksum of its
// pixels whenever it is read, so a stale, damaged or half-written file costs time and never gives wrong
// pixels. For the same reason processes may share a file without locks. A file of another size or header is
// replaced, not changed.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/pixel_cache.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr char kMagic[16] = "cvtool pixels 1";
constexpr size_t kPageBytes = 4096;
constexpr auto kUnusedFor = std::chrono::hours(24 * 30);

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

class DiskCache : public PixelCache {
 public:
  DiskCache(Descriptor file, uint8_t* memory, const CacheShape& shape)
      : file_(std::move(file)), memory_(memory), shape_(shape), layout_(layout_of(shape)) {}
  ~DiskCache() override { ::munmap(memory_, layout_.size); }

  bool read(size_t row, const ContentHash& content, uint8_t* target) const override {
    // Touching a page of a file that somebody has cut short would kill the process.
    struct stat status {};
    if (::fstat(file_.number(), &status) != 0 || static_cast<size_t>(status.st_size) < layout_.size) return false;
    const Entry entry = entries()[row];
    if (entry.content != content) return false;
    std::memcpy(target, pixels(row), shape_.row_bytes);
    return checksum(row, content, target) == entry.checksum;
  }

  void write(size_t row, const ContentHash& content, const uint8_t* source) override {
    std::memcpy(pixels(row), source, shape_.row_bytes);
    entries()[row] = {content, checksum(row, content, source)};
  }

 private:
  Entry* entries() const { return reinterpret_cast<Entry*>(memory_ + kPageBytes); }
  uint8_t* pixels(size_t row) const { return memory_ + layout_.pixels + row * shape_.row_bytes; }
  uint64_t checksum(size_t row, const ContentHash& content, const uint8_t* data) const {
    return XXH3_64bits_withSeed(data, shape_.row_bytes, content.low ^ content.high ^ row);
  }

  Descriptor file_;
  uint8_t* memory_;
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
  Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.open()) return file;
  struct stat status {};
  Header header{};
  const Header wanted = header_of(shape);
  const bool fits = ::fstat(file.number(), &status) == 0 && S_ISREG(status.st_mode) &&
                    static_cast<size_t>(status.st_size) == layout_of(shape).size &&
                    ::pread(file.number(), &header, sizeof header, 0) == static_cast<ssize_t>(sizeof header) &&
                    std::memcmp(&header, &wanted, sizeof header) == 0;
  if (!fits) file.close();
  if (fits) ::futimens(file.number(), nullptr);  // marks it as in use
  return file;
}

// Throws Error when the file cannot be made.
Descriptor create(const std::string& path, const CacheShape& shape) {
  AtomicFile file(path, 0600);
  const Header header = header_of(shape);
  // All of the space is taken now: a full disk must not be found out through a page that cannot be written.
  file.reserve(layout_of(shape).size);
  file.write({reinterpret_cast<const char*>(&header), sizeof header});
  Descriptor opened(::fcntl(file.descriptor(), F_DUPFD_CLOEXEC, 0));
  file.keep();
  return opened;
}

void remove_unused(const std::string& folder) {
  std::error_code error;
  const auto oldest = fs::file_time_type::clock::now() - kUnusedFor;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored) && entry.last_write_time(ignored) < oldest) fs::remove(entry.path(), ignored);
  }
}

// Empty when there is room; else what to say.
std::string no_room(const std::string& folder, size_t bytes) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return "";
  const auto available = static_cast<size_t>(status.f_bavail) * status.f_frsize;
  if (bytes <= available / 10 * 9) return "";
  return "it needs " + with_thousands(static_cast<int64_t>(bytes >> 20)) + " MiB of the " +
         with_thousands(static_cast<int64_t>(available >> 20)) + " MiB that are free";
}

std::unique_ptr<PixelCache> give_up(const std::string& folder, const std::string& reason) {
  spdlog::warn("no cache on disk in {}: {}; photos are decoded again in every epoch", folder, reason);
  return nullptr;
}

}  // namespace

std::unique_ptr<PixelCache> disk_cache(const CacheShape& shape, const std::string& key) {
  const std::string folder = cache_folder() + "/pixels", path = folder + "/" + key;
  Descriptor file(-1);
  try {
    make_folders(folder);
    file = open_existing(path, shape);
    if (!file.open()) {
      remove_unused(folder);
      const std::string full = no_room(folder, layout_of(shape).size);
      if (!full.empty()) return give_up(folder, full);
      file = create(path, shape);
    }
  } catch (const Error& error) {
    return give_up(folder, error.what());
  }
  void* memory = ::mmap(nullptr, layout_of(shape).size, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  if (memory == MAP_FAILED) return give_up(folder, std::strerror(errno));
  return std::make_unique<DiskCache>(std::move(file), static_cast<uint8_t*>(memory), shape);
}

}  // namespace cvtool
