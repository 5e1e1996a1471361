#include "data/archive/unpack_stream.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/little_endian.h"
#include "base/text.h"
#include "data/archive/archive_index.h"

namespace cvtool {
namespace {

constexpr size_t kTakenBytes = size_t{1} << 18, kGivenBytes = size_t{1} << 20;

[[noreturn]] void refuse_stream(const std::string& what) {
  throw DataError("cannot be unpacked: " + what + "; fetch or make it again");
}

// A part of the file at a time. "" at its end.
class StreamSource {
 public:
  explicit StreamSource(const ArchiveFile& file) : file_(file) {}
  std::string next() {
    std::string bytes = file_.read(place_, std::min<uint64_t>(kTakenBytes, file_.bytes() - place_));
    place_ += bytes.size();
    return bytes;
  }

 private:
  const ArchiveFile& file_;
  uint64_t place_ = 0;
};

// Where what comes out goes, as long as it is not beyond all measure.
class StreamTarget {
 public:
  StreamTarget(uint64_t packed, const std::function<void(std::string_view)>& take) : packed_(packed), take_(take) {}
  void give(std::string_view bytes) {
    given_ += bytes.size();
    if (is_bomb(given_, packed_))
      throw DataError("unpacks to more than " + std::to_string(kMaxUnpackedTimes) +
                      " times its size, which no photos do; make the archive anew");
    if (!bytes.empty()) take_(bytes);
  }

 private:
  uint64_t packed_, given_ = 0;
  const std::function<void(std::string_view)>& take_;
};

// RFC 1952. Zeros behind the last member are padding.
void unpack_gzip(StreamSource source, StreamTarget& target) {
  z_stream stream{};
  constexpr int kGzipWindow = 16 + MAX_WBITS;
  if (::inflateInit2(&stream, kGzipWindow) != Z_OK) throw Error("cannot unpack: no memory; free some");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, ::inflateEnd);
  std::string given(kGivenBytes, '\0');
  bool within = false;  // a member
  for (std::string taken = source.next(); !taken.empty(); taken = source.next()) {
    stream.next_in = reinterpret_cast<Bytef*>(taken.data());
    stream.avail_in = static_cast<uInt>(taken.size());
    do {
      if (!within) {
        while (stream.avail_in > 0 && *stream.next_in == 0) ++stream.next_in, --stream.avail_in;
        if (stream.avail_in == 0) break;
        within = true;
      }
      stream.next_out = reinterpret_cast<Bytef*>(given.data());
      stream.avail_out = static_cast<uInt>(given.size());
      const int state = ::inflate(&stream, Z_NO_FLUSH);
      if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) refuse_stream("it is damaged");
      target.give(std::string_view(given).substr(0, given.size() - stream.avail_out));
      if (state == Z_STREAM_END) {
        within = false;
        ::inflateReset(&stream);
      }
    } while (stream.avail_in > 0 || stream.avail_out == 0);
  }
  if (within) refuse_stream("it is cut short");
}

// RFC 8878.
void unpack_zstd(StreamSource source, StreamTarget& target) {
  const std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream(::ZSTD_createDStream(), ::ZSTD_freeDStream);
  if (!stream) throw Error("cannot unpack: no memory; free some");
  std::string given(kGivenBytes, '\0');
  size_t wanted = 0;  // 0: between frames
  for (std::string taken = source.next(); !taken.empty(); taken = source.next()) {
    ZSTD_inBuffer in{taken.data(), taken.size(), 0};
    bool full = false;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer out{given.data(), given.size(), 0};
      wanted = ::ZSTD_decompressStream(stream.get(), &out, &in);
      if (::ZSTD_isError(wanted)) {
        if (::ZSTD_getErrorCode(wanted) == ZSTD_error_frameParameter_windowTooLarge)
          refuse_stream("it was made with a window (zstd --long) of more than 128 MiB");
        refuse_stream("it is damaged");
      }
      target.give(std::string_view(given).substr(0, out.pos));
      full = out.pos == out.size && wanted != 0;
    }
  }
  if (wanted != 0) refuse_stream("it is cut short");
}

}  // namespace

StreamPacking stream_packing(const ArchiveFile& file) {
  const std::string begin = file.read(0, std::min<uint64_t>(6, file.bytes()));
  if (starts_with(begin, "\x1f\x8b")) return StreamPacking::kGzip;
  if (starts_with(begin, "\x28\xb5\x2f\xfd")) return StreamPacking::kZstd;
  const std::string xz = std::string("\xfd") + "7zXZ";
  return starts_with(begin, "BZh") || starts_with(begin, xz) ? StreamPacking::kNotRead : StreamPacking::kNone;
}

uint64_t told_unpacked_bytes(const ArchiveFile& file, StreamPacking packing) {
  uint64_t told = 0;
  if (packing == StreamPacking::kGzip && file.bytes() >= 18) {
    // Of the last member, of which the lower 32 bits are told.
    told = little_endian(file.read(file.bytes() - 4, 4));
    constexpr uint64_t kUntold = uint64_t{1} << 32;
    if (told < file.bytes()) told += (file.bytes() - told + kUntold - 1) / kUntold * kUntold;
  } else if (packing == StreamPacking::kZstd) {
    const std::string begin = file.read(0, std::min<uint64_t>(18, file.bytes()));
    const unsigned long long size = ::ZSTD_getFrameContentSize(begin.data(), begin.size());
    if (size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR) told = size;
  }
  return is_bomb(told, file.bytes()) ? file.bytes() : std::max(told, file.bytes());
}

void unpack_stream(const ArchiveFile& file, StreamPacking packing, const std::function<void(std::string_view)>& take) {
  StreamTarget target(file.bytes(), take);
  packing == StreamPacking::kGzip ? unpack_gzip(StreamSource(file), target) : unpack_zstd(StreamSource(file), target);
}

}  // namespace cvtool
