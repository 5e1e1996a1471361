#include "model/archive.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/error.h"
#include "model/weights/file_kind.h"
#include "model/weights/safetensors.h"
#include "model/weights/sha256.h"
#include "model/weights/zip.h"
#include "onnx/onnx_seal.h"

namespace cvtool {
namespace {

constexpr size_t kEndRecordBytes = 22;  // "end of central directory", without the comment behind it
constexpr std::string_view kDigestName = "cvtool sha256 ";
constexpr size_t kDigestBytes = kDigestName.size() + 64;

}  // namespace

void check_archive(const std::string& path, const std::string& bytes, const std::string& next_step) {
  ZipArchive({nullptr, bytes}, path, ZipKind::kDeflated, next_step).check();
}

namespace {

std::string text_in_blob(const Blob& file, const std::string& name) {
  try {
    return ZipArchive(file, "", ZipKind::kDeflated).text_ending(name);
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

std::string text_in_archive(const std::string& bytes, const std::string& name) {
  return text_in_blob({nullptr, bytes}, name);
}

std::string text_in_archive_file(const std::string& path, const std::string& name) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) ? text_in_blob(blob_of_file(path), name) : "";
}

std::string archive_with_digest(std::string bytes) {
  const bool bare = bytes.size() >= kEndRecordBytes &&
                    bytes.compare(bytes.size() - kEndRecordBytes, 4, "PK\5\6") == 0 && bytes[bytes.size() - 1] == 0 &&
                    bytes[bytes.size() - 2] == 0;
  if (!bare) throw Error("LibTorch has written an archive whose end is not what a zip file's is");
  bytes[bytes.size() - 2] = static_cast<char>(kDigestBytes);  // the length of the comment
  const std::string digest = sha256_of_bytes(bytes);
  bytes += kDigestName;
  bytes += digest;
  return bytes;
}

ArchiveDigest archive_digest(const std::string& bytes) {
  if (bytes.size() < kDigestBytes + kEndRecordBytes) return {};
  const size_t begin = bytes.size() - kDigestBytes;
  if (bytes.compare(begin, kDigestName.size(), kDigestName) != 0) return {};
  return {bytes.substr(begin + kDigestName.size()), sha256_of_bytes(std::string_view(bytes).substr(0, begin))};
}

std::string stored_digest(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file && errno != ENOENT && errno != ENOTDIR) throw Error("cannot read " + path + ": " + std::strerror(errno));
  const std::streamoff size = file.tellg(), wanted = kDigestBytes;
  std::string end(kDigestBytes, '\0');
  if (size < wanted || !file.seekg(size - wanted) || !file.read(end.data(), wanted)) return "";
  if (end.compare(0, kDigestName.size(), kDigestName) == 0) return end.substr(kDigestName.size());
  std::string start(4, '\0');
  if (file.seekg(0) && file.read(start.data(), 4) && begins_like_onnx(start)) return onnx_digest_of_file(path);
  auto metadata = safetensors_metadata(path);
  return metadata[kDigestEntry];
}

}  // namespace cvtool
