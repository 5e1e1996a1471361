#include "model/archive.h"

#include <zip.h>

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "model/weights/sha256.h"

namespace cvtool {
namespace {

constexpr size_t kEndRecordBytes = 22;  // "end of central directory", without the comment behind it
constexpr std::string_view kSealName = "cvtool sha256 ";
constexpr size_t kSealBytes = kSealName.size() + 64;

using Archive = std::unique_ptr<zip_t, void (*)(zip_t*)>;

// Null when `bytes` is no whole zip archive.
Archive open_archive(const std::string& bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* opened = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : nullptr;
  zip_error_fini(&error);
  if (!opened && source) zip_source_free(source);
  return {opened, zip_discard};
}

// libzip compares the checksum when it meets the end of an entry.
bool read_entry(zip_t* archive, zip_uint64_t index, std::string& content) {
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen_index(archive, index, 0), zip_fclose);
  if (!entry) return false;
  content.clear();
  std::vector<char> buffer(1 << 16);
  zip_int64_t got = 0;
  // An entry may claim any size: what it holds is taken piece by piece.
  while ((got = zip_fread(entry.get(), buffer.data(), buffer.size())) > 0)
    content.append(buffer.data(), static_cast<size_t>(got));
  return got == 0;
}

}  // namespace

void check_archive(const std::string& path, const std::string& bytes, const std::string& next_step) {
  const Archive archive = open_archive(bytes);
  if (!archive) throw Error(path + ": is truncated or damaged; " + next_step);
  std::string content;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i)
    if (!read_entry(archive.get(), static_cast<zip_uint64_t>(i), content))
      throw Error(path + ": is damaged (a checksum does not match); " + next_step);
}

std::string text_in_archive(const std::string& path, const std::string& name) {
  const Archive archive(zip_open(path.c_str(), ZIP_RDONLY, nullptr), zip_discard);
  const zip_int64_t count = archive ? zip_get_num_entries(archive.get(), 0) : 0;
  std::string content;
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* entry = zip_get_name(archive.get(), static_cast<zip_uint64_t>(i), 0);
    if (entry && ends_with(entry, name))
      return read_entry(archive.get(), static_cast<zip_uint64_t>(i), content) ? content : "";
  }
  return "";
}

std::string sealed_archive(std::string bytes) {
  const bool bare = bytes.size() >= kEndRecordBytes &&
                    bytes.compare(bytes.size() - kEndRecordBytes, 4, "PK\5\6") == 0 && bytes[bytes.size() - 1] == 0 &&
                    bytes[bytes.size() - 2] == 0;
  if (!bare) throw Error("LibTorch has written an archive whose end is not what a zip file's is");
  bytes[bytes.size() - 2] = static_cast<char>(kSealBytes);  // the length of the comment
  const std::string digest = sha256_of_bytes(bytes);
  bytes += kSealName;
  bytes += digest;
  return bytes;
}

ArchiveSeal archive_seal(const std::string& bytes) {
  if (bytes.size() < kSealBytes + kEndRecordBytes) return {};
  const size_t begin = bytes.size() - kSealBytes;
  if (bytes.compare(begin, kSealName.size(), kSealName) != 0) return {};
  return {bytes.substr(begin + kSealName.size()), sha256_of_bytes(std::string_view(bytes).substr(0, begin))};
}

}  // namespace cvtool
