#include "data/archive/archive_index.h"

#include <algorithm>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "data/archive/plain_copy.h"
#include "data/archive/unpack_stream.h"

namespace cvtool {
namespace {

constexpr uint64_t kFreeBytes = uint64_t{1} << 20;

// A ZIP file begins with an entry, or with its end where it has none.
bool begins_like_zip(const ArchiveFile& file) {
  const std::string begin = file.read(0, std::min<uint64_t>(4, file.bytes()));
  return begin == "PK\x03\x04" || begin == "PK\x05\x06";
}

bool before(const ArchiveEntry& entry, const std::string& name) { return entry.name < name; }

}  // namespace

bool is_bomb(uint64_t unpacked, uint64_t packed) {
  return unpacked > kFreeBytes && unpacked / kMaxUnpackedTimes > packed;
}

[[noreturn]] void refuse_entry(const std::string& name, const std::string& what) {
  throw DataError("the entry '" + printable(name) + "' " + what + "; make the archive anew, of nothing but photos");
}

std::string name_in_archive(const std::string& written) {
  if (written.find('\0') != std::string::npos) refuse_entry(written, "has a NUL byte in its name");
  if (starts_with(written, "/")) refuse_entry(written, "has a path from the root of the disk");
  if (written.size() > kMaxArchivedName)
    refuse_entry(written.substr(0, 60) + "...",
                 "has a name of " + counted(static_cast<int64_t>(written.size()), "byte"));
  std::vector<std::string> parts;
  for (const std::string& part : split(written, '/')) {
    if (part == "..") refuse_entry(written, "leads out of the archive");
    if (!part.empty() && part != ".") parts.push_back(part);
  }
  return join(parts, "/");
}

ArchiveIndex::ArchiveIndex(const std::string& path) : path_(path) {
  try {
    const ArchiveFile file(path);
    stamp_ = file.stamp();
    const StreamPacking packing = stream_packing(file);
    if (packing == StreamPacking::kNotRead)
      throw DataError("is compressed by bzip2 or xz, which is not read; make it plain: bunzip2 or unxz gives the .tar");
    if (packing != StreamPacking::kNone) copy_ = plain_copy_of(path, file);
    if (copy_)
      entries_ = tar_entries(*copy_);
    else
      entries_ = begins_like_zip(file) ? zip_entries(file) : tar_entries(file);
    std::sort(entries_.begin(), entries_.end(),
              [](const ArchiveEntry& a, const ArchiveEntry& b) { return a.name < b.name; });
    check();
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

void ArchiveIndex::check() const {
  uint64_t total = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const ArchiveEntry& entry = entries_[i];
    if (i > 0 && entries_[i - 1].name == entry.name) refuse_entry(entry.name, "is there twice");
    if (has_folder(entry.name)) refuse_entry(entry.name, "is a file and a folder");
    if (std::max(entry.bytes, entry.packed) > kMaxArchivedBytes) refuse_entry(entry.name, "is larger than 1 GiB");
    if (is_bomb(entry.bytes, entry.packed))
      refuse_entry(entry.name, "says that " + with_thousands(static_cast<int64_t>(entry.packed)) + " bytes unpack to " +
                                   with_thousands(static_cast<int64_t>(entry.bytes)) + ", which no photo does");
    total += entry.bytes;
  }
  if (is_bomb(total, static_cast<uint64_t>(stamp_.bytes)))
    throw DataError("unpacks to more than " + std::to_string(kMaxUnpackedTimes) +
                    " times its size, which no photos do; make the archive anew");
}

const ArchiveEntry* ArchiveIndex::find(const std::string& name) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), name, before);
  return at != entries_.end() && at->name == name ? &*at : nullptr;
}

bool ArchiveIndex::has_folder(const std::string& folder) const {
  if (folder.empty()) return true;
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), folder + "/", before);
  return at != entries_.end() && starts_with(at->name, folder + "/");
}

std::vector<ArchiveIndex::Child> ArchiveIndex::children(const std::string& folder) const {
  const std::string prefix = folder.empty() ? "" : folder + "/";
  std::vector<Child> children;
  auto at = std::lower_bound(entries_.begin(), entries_.end(), prefix, before);
  while (at != entries_.end() && starts_with(at->name, prefix)) {
    const size_t end = at->name.find('/', prefix.size());
    children.push_back({at->name.substr(prefix.size(), end - prefix.size()), end != std::string::npos});
    // '0' is the character behind '/': the first name that does not lie in this folder.
    at =
        end == std::string::npos ? at + 1 : std::lower_bound(at, entries_.end(), at->name.substr(0, end) + '0', before);
  }
  return children;
}

std::string ArchiveIndex::read(const ArchiveEntry& entry, uint64_t begin, uint64_t count) const {
  if (begin >= entry.bytes) return "";
  count = std::min(count, entry.bytes - begin);
  if (copy_) return copy_->read(entry.offset + begin, count);
  const ArchiveFile file(path_);
  if (!(file.stamp() == stamp_)) throw DataError("cannot be read: its archive has changed while it was in use");
  if (entry.packing == ArchiveEntry::Packing::kPlain) return file.read(entry.offset + begin, count);
  std::string bytes = unzipped(file, entry, begin + count);
  return begin == 0 ? bytes : bytes.substr(begin);
}

}  // namespace cvtool
