// What is compressed as a whole, so that nothing in it can be reached without all that stands before: gzip and
// Zstandard.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "data/archive/archive_file.h"

namespace cvtool {

// How a file is compressed, by its first bytes.
enum class StreamPacking { kNone, kGzip, kZstd, kNotRead };  // kNotRead: bzip2, xz
StreamPacking stream_packing(const ArchiveFile& file);

// How many bytes come out, as far as the file says, and at least as many as go in: for what is believed of it nothing
// but time is lost.
uint64_t told_unpacked_bytes(const ArchiveFile& file, StreamPacking packing);

// Gives what comes out, in order; of all members and frames, whose checksums are looked at. Throws DataError with the
// reason (not the path): damaged, cut short, or more than kMaxUnpackedTimes of the file's size.
void unpack_stream(const ArchiveFile& file, StreamPacking packing, const std::function<void(std::string_view)>& take);

}  // namespace cvtool
