#include "model/weights/zip.h"

#include <zip.h>

#include <vector>

#include "base/text.h"

namespace cvtool {
namespace {

// Code shrinks to a quarter and is a small part of a model: LibTorch's archives unpack to 1.4 times their size at most.
constexpr uint64_t kDeflatedBudget = 16;

// Null, with the reason, when `bytes` is not a zip archive.
std::shared_ptr<zip_t> open_archive(std::string_view bytes, int flags, std::string& reason) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* archive = source ? zip_open_from_source(source, ZIP_RDONLY | flags, &error) : nullptr;
  if (!archive && source) zip_source_free(source);
  if (!archive) reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  return {archive, zip_discard};
}

}  // namespace

ZipArchive::ZipArchive(const Blob& file, std::string origin, ZipKind kind, std::string next_step)
    : file_(file),
      origin_(std::move(origin)),
      next_step_(std::move(next_step)),
      kind_(kind),
      budget_bytes_(file.bytes.size() * (kind == ZipKind::kDeflated ? kDeflatedBudget : 1)) {
  std::string reason;
  archive_ = open_archive(file.bytes, kind == ZipKind::kDeflated ? ZIP_CHECKCONS : 0, reason);
  if (!archive_) fail("is truncated or damaged (" + reason + ")");
  count_ = static_cast<uint64_t>(zip_get_num_entries(archive_.get(), 0));
  // torch.save puts everything into one folder.
  const std::string first = name_of(0);
  folder_ = first.substr(0, first.find('/') + 1);
}

std::string ZipArchive::name_of(uint64_t index) const {
  const char* name = zip_get_name(archive_.get(), index, ZIP_FL_ENC_RAW);
  return name ? name : "";
}

int64_t ZipArchive::find(const std::string& name) const {
  const int64_t index = zip_name_locate(archive_.get(), (folder_ + name).c_str(), ZIP_FL_ENC_RAW);
  return index >= 0 ? index : zip_name_locate(archive_.get(), name.c_str(), ZIP_FL_ENC_RAW);
}

bool ZipArchive::has_folder(const std::string& name) const {
  for (uint64_t index = 0; index < count_; ++index)
    if (starts_with(name_of(index), folder_ + name + "/")) return true;
  return false;
}

void ZipArchive::unpack(uint64_t index, const std::function<void(std::string_view)>& take) {
  const std::string entry = "entry '" + name_of(index) + "'";
  zip_stat_t stat;
  if (zip_stat_index(archive_.get(), index, 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0)
    fail("does not say the size of its " + entry);
  if (kind_ == ZipKind::kStored && (stat.comp_method != ZIP_CM_STORE || stat.encryption_method != ZIP_EM_NONE))
    fail_weights(origin_, "holds the compressed " + entry + ", but torch.save compresses nothing",
                 "save it again with torch.save");
  if (stat.size > budget_bytes_) fail("holds more than a file of its size can (" + entry + ")");
  budget_bytes_ -= stat.size;
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> in(zip_fopen_index(archive_.get(), index, 0), zip_fclose);
  std::vector<char> buffer(1 << 16);
  uint64_t done = 0;
  zip_int64_t got = in ? 0 : -1;
  // To the end, where libzip compares the checksum; what an entry holds beyond the size that it says is damage.
  while (in && done <= stat.size && (got = zip_fread(in.get(), buffer.data(), buffer.size())) > 0) {
    take({buffer.data(), static_cast<size_t>(got)});
    done += static_cast<uint64_t>(got);
  }
  if (got < 0 || done != stat.size) fail("holds the damaged " + entry);
}

Blob ZipArchive::read(const std::string& name) {
  const int64_t index = find(name);
  if (index < 0) fail("lacks the entry '" + name + "'");
  std::string bytes;
  unpack(static_cast<uint64_t>(index), [&](std::string_view piece) { bytes.append(piece); });
  return blob_of(std::move(bytes));
}

std::string ZipArchive::text_ending(const std::string& end) {
  std::string text;
  for (uint64_t index = 0; index < count_; ++index) {
    if (!ends_with(name_of(index), end)) continue;
    unpack(index, [&](std::string_view piece) { text.append(piece); });
    break;
  }
  return text;
}

void ZipArchive::check() {
  for (uint64_t index = 0; index < count_; ++index) unpack(index, [](std::string_view) {});
}

}  // namespace cvtool
