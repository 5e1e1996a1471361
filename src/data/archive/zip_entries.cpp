#include <libdeflate.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/little_endian.h"
#include "base/text.h"
#include "data/archive/archive_index.h"

namespace cvtool {
namespace {

constexpr uint64_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr uint64_t kMaxComment = 65535, kMaxDirectoryBytes = uint64_t{1} << 30;
constexpr uint32_t kLocalMark = 0x04034b50, kCentralMark = 0x02014b50, kEndMark = 0x06054b50, kEnd64Mark = 0x06064b50,
                   kLocator64Mark = 0x07064b50;
constexpr uint64_t kIn64 = 0xffffffff;  // the number stands in the extra field
constexpr uint16_t kExtra64 = 1, kEncrypted = 1;

template <class Unsigned>
Unsigned zip_number(const std::string& bytes, size_t at) {
  if (bytes.size() < at + sizeof(Unsigned)) throw DataError("has a record that ends too early; fetch or make it again");
  return static_cast<Unsigned>(little_endian(std::string_view(bytes).substr(at, sizeof(Unsigned))));
}
uint16_t u16(const std::string& bytes, size_t at) { return zip_number<uint16_t>(bytes, at); }
uint32_t u32(const std::string& bytes, size_t at) { return zip_number<uint32_t>(bytes, at); }
uint64_t u64(const std::string& bytes, size_t at) { return zip_number<uint64_t>(bytes, at); }

[[noreturn]] void refuse_directory() { throw DataError("has a damaged directory at its end; fetch or make it again"); }

// Where the directory of all entries lies.
struct ZipDirectory {
  uint64_t count = 0, bytes = 0, begin = 0;
};

uint64_t place_of_end(const ArchiveFile& file) {
  const uint64_t tail = std::min(file.bytes(), kEndBytes + kMaxComment);
  const std::string bytes = file.read(file.bytes() - tail, tail);
  for (size_t at = bytes.size() < kEndBytes ? 0 : bytes.size() - kEndBytes + 1; at-- > 0;)
    if (u32(bytes, at) == kEndMark && u16(bytes, at + 20) == bytes.size() - at - kEndBytes)
      return file.bytes() - tail + at;
  throw DataError("has no directory at its end: it is cut short; fetch or make it again");
}

// The one record that APPNOTE lets stand before the end where numbers are large.
bool read_end64(const ArchiveFile& file, uint64_t end, ZipDirectory& directory) {
  if (end < kLocator64Bytes + kEnd64Bytes) return false;
  const std::string locator = file.read(end - kLocator64Bytes, kLocator64Bytes);
  if (u32(locator, 0) != kLocator64Mark) return false;
  const uint64_t at = u64(locator, 8);
  if (at != end - kLocator64Bytes - kEnd64Bytes) refuse_directory();
  const std::string record = file.read(at, kEnd64Bytes);
  if (u32(record, 0) != kEnd64Mark) refuse_directory();
  directory = {u64(record, 32), u64(record, 40), u64(record, 48)};
  return true;
}

ZipDirectory directory_of(const ArchiveFile& file) {
  const uint64_t end = place_of_end(file);
  const std::string record = file.read(end, kEndBytes);
  if (u16(record, 4) != 0 || u16(record, 6) != 0)
    throw DataError("is one part of an archive in several; make it anew as one file");
  ZipDirectory directory{u16(record, 10), u32(record, 12), u32(record, 16)};
  const bool large = read_end64(file, end, directory);
  const uint64_t directory_end = end - (large ? kLocator64Bytes + kEnd64Bytes : 0);
  // It lies right before the end: what stands elsewhere would be seen by some readers and not by others.
  if (directory.begin > directory_end || directory.bytes != directory_end - directory.begin ||
      directory.count > directory.bytes / kCentralBytes)
    refuse_directory();
  if (directory.bytes > kMaxDirectoryBytes) throw DataError("has a directory of more than 1 GiB; make several of it");
  return directory;
}

// One line of the directory; `at` is moved behind it.
class ZipLine {
 public:
  ZipLine(const std::string& directory, size_t& at) {
    if (directory.size() - at < kCentralBytes || u32(directory, at) != kCentralMark) refuse_directory();
    line_ = directory.substr(at, kCentralBytes);
    const size_t name = u16(line_, 28), extra = u16(line_, 30), comment = u16(line_, 32);
    if (directory.size() - at - kCentralBytes < name + extra + comment) refuse_directory();
    written_ = directory.substr(at + kCentralBytes, name);
    extra_ = directory.substr(at + kCentralBytes + name, extra);
    at += kCentralBytes + name + extra + comment;
  }

  // Names that Windows has written with its own separator are read as meant.
  std::string name() const {
    std::string name = written_;
    if (name.find('/') == std::string::npos) std::replace(name.begin(), name.end(), '\\', '/');
    if (name.size() > 1 && name[1] == ':') refuse_entry(name, "has a path from the root of a drive");
    return name;
  }
  size_t written_bytes() const { return written_.size(); }
  bool is_folder() const { return ends_with(name(), "/"); }

  ArchiveEntry entry() const {
    using Packing = ArchiveEntry::Packing;
    const uint16_t method = u16(line_, 10);
    ArchiveEntry entry{name_in_archive(name()), u32(line_, 42),
                       u32(line_, 20),          u32(line_, 24),
                       u32(line_, 16),          method == 0 ? Packing::kZipStored : Packing::kZipDeflated};
    read_extra64(entry);
    if (u16(line_, 8) & kEncrypted) refuse_entry(name(), "is encrypted");
    if (method != 0 && method != 8)
      refuse_entry(name(),
                   "is compressed by method " + std::to_string(method) + " (0, stored, and 8, deflated, are read)");
    if (method == 0 && entry.packed != entry.bytes) refuse_entry(name(), "is stored with two sizes");
    check_mode();
    return entry;
  }

 private:
  // The high half of the attributes is a mode where the entry comes from Unix (3) or a Mac (19).
  void check_mode() const {
    const uint8_t system = static_cast<uint8_t>(line_[5]);
    const uint32_t mode = u32(line_, 38) >> 16;
    if ((system != 3 && system != 19) || (mode & S_IFMT) == 0 || S_ISREG(mode)) return;
    if (S_ISDIR(mode)) return;
    refuse_entry(name(),
                 S_ISLNK(mode) ? "is a symbolic link (zip without -y stores files in their place)" : "is a device");
  }

  void read_extra64(ArchiveEntry& entry) const {
    for (size_t at = 0; at + 4 <= extra_.size();) {
      const size_t kind = u16(extra_, at), size = u16(extra_, at + 2), end = at + 4 + size;
      if (end > extra_.size()) refuse_directory();
      size_t place = at + 4;
      if (kind == kExtra64)
        for (uint64_t* number : {&entry.bytes, &entry.packed, &entry.offset}) {
          if (*number != kIn64) continue;
          if (place + 8 > end) refuse_directory();
          *number = u64(extra_, place);
          place += 8;
        }
      at = end;
    }
  }

  std::string line_, written_, extra_;
};

struct ZipSpan {
  uint64_t begin, end;
  std::string name;
};

// Entries that share bytes unpack to more than any file is; they lie one after the other.
void check_spans(std::vector<ZipSpan> spans, uint64_t directory_begin) {
  std::sort(spans.begin(), spans.end(), [](const ZipSpan& a, const ZipSpan& b) { return a.begin < b.begin; });
  for (size_t i = 0; i < spans.size(); ++i) {
    const uint64_t next = i + 1 < spans.size() ? spans[i + 1].begin : directory_begin;
    if (spans[i].end > next) refuse_entry(spans[i].name, "shares its bytes with another entry, or is cut short");
  }
}

[[noreturn]] void refuse_packed() {
  throw DataError("cannot be unpacked: the archive is damaged, or holds another number of bytes than it says");
}

// The first `wanted` bytes of more.
std::string inflated_begin(const std::string& packed, uint64_t wanted) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw DataError("cannot be unpacked: not enough memory");
  std::string out(wanted, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_NO_FLUSH);
  const uint64_t made = stream.total_out;
  inflateEnd(&stream);
  if (made != wanted) refuse_packed();
  return out;
}

// All, twice as fast.
std::string inflated(const std::string& packed, uint64_t bytes) {
  using Decompressor = std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)>;
  static thread_local const Decompressor decompressor(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw DataError("cannot be unpacked: not enough memory");
  std::string out(bytes, '\0');
  // Without a place to tell of fewer bytes they are refused as more are.
  if (libdeflate_deflate_decompress(decompressor.get(), packed.data(), packed.size(), out.data(), out.size(),
                                    nullptr) != LIBDEFLATE_SUCCESS)
    refuse_packed();
  return out;
}

}  // namespace

std::vector<ArchiveEntry> zip_entries(const ArchiveFile& file) {
  const ZipDirectory place = directory_of(file);
  const std::string directory = file.read(place.begin, place.bytes);
  std::vector<ArchiveEntry> entries;
  std::vector<ZipSpan> spans;
  size_t at = 0;
  for (uint64_t i = 0; i < place.count; ++i) {
    const ZipLine line(directory, at);
    ArchiveEntry entry = line.entry();
    const uint64_t before_bytes = kLocalBytes + line.written_bytes();
    if (!file.holds(entry.offset, before_bytes) || !file.holds(entry.offset + before_bytes, entry.packed))
      refuse_entry(entry.name, "lies behind the end of the archive");
    spans.push_back({entry.offset, entry.offset + before_bytes + entry.packed, entry.name});
    if (line.is_folder()) continue;
    if (entry.name.empty()) refuse_entry(entry.name, "has no name");
    entries.push_back(std::move(entry));
  }
  if (at != directory.size()) refuse_directory();
  check_spans(std::move(spans), place.begin);
  return entries;
}

std::string unzipped(const ArchiveFile& file, const ArchiveEntry& entry, uint64_t count) {
  const std::string local = file.read(entry.offset, kLocalBytes);
  if (u32(local, 0) != kLocalMark) throw DataError("cannot be unpacked: the archive is damaged where it should begin");
  const uint64_t begin = entry.offset + kLocalBytes + u16(local, 26) + u16(local, 28);
  const bool stored = entry.packing == ArchiveEntry::Packing::kZipStored;
  std::string bytes = file.read(begin, stored ? count : entry.packed);
  if (!stored) bytes = count < entry.bytes ? inflated_begin(bytes, count) : inflated(bytes, entry.bytes);
  if (bytes.size() == entry.bytes && libdeflate_crc32(0, bytes.data(), bytes.size()) != entry.crc)
    throw DataError("cannot be unpacked: its bytes are not those that were put into the archive (CRC-32)");
  return bytes;
}

}  // namespace cvtool
