// The zip container of a model file, and the digests of both kinds of model files. LibTorch reads it without looking at
// the checksums.
#pragma once

#include <string>

namespace cvtool {

// The entry in which a model or a backbone says what it is: JSON.
constexpr const char* kInfoFile = "cvtool.json";
// Where the metadata of a file of weights hold its digest.
constexpr const char* kDigestEntry = "cvtool.digest";

// Throws Error starting with `path` and ending with `next_step` unless `bytes` is a whole zip archive whose every entry
// matches its checksum and that does not unpack to far more than its size.
void check_archive(const std::string& path, const std::string& bytes, const std::string& next_step);

// The content of the entry whose name ends in `name`; "" when there is no such file, it is not a zip archive or holds
// no such entry. Throws Error for a file that cannot be read.
std::string text_in_archive(const std::string& bytes, const std::string& name);
std::string text_in_archive_file(const std::string& path, const std::string& name);

// The archive with its comment, which stands last in a zip file (APPNOTE.TXT 4.3.16), saying the SHA-256 of every byte
// before it. `bytes` is a whole archive without a comment.
std::string archive_with_digest(std::string bytes);

struct ArchiveDigest {
  std::string stored, computed;  // SHA-256, hex; both "" where the archive carries no seal
};
ArchiveDigest archive_digest(const std::string& bytes);

// The digest that a file says of itself, which is not compared with its content; "" where there is none. Throws Error
// for a file that is there and cannot be read.
std::string stored_digest(const std::string& path);

}  // namespace cvtool
