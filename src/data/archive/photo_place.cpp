#include "data/archive/photo_place.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "data/archive/open_archives.h"
#include "data/split_words.h"

namespace cvtool {
namespace {

// A memory of what stands in files and nothing else: what it answers depends on the files alone.
OpenArchives& open_archives() {
  static OpenArchives archives;
  return archives;
}

const std::vector<std::string>& archive_endings() {
  static const std::vector<std::string> kEndings{".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz"};
  return kEndings;
}

std::string joined(const std::string& archive, const std::string& inside) {
  return inside.empty() ? archive : archive + "/" + inside;
}

}  // namespace

std::shared_ptr<const ArchiveIndex> OpenArchives::index_of(const std::string& archive) {
  FileStamp stamp;
  if (!stamp_of_file(archive, stamp)) throw DataError(archive + ": there is no such archive");
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& index = indexes_[archive];
  if (!index || !(index->stamp() == stamp)) index = std::make_shared<const ArchiveIndex>(archive);
  return index;
}

bool is_archive_name(const std::string& name) {
  const std::string plain = lower(name);
  return std::any_of(archive_endings().begin(), archive_endings().end(),
                     [&](const std::string& ending) { return ends_with(plain, ending); });
}

std::optional<ArchivePath> archive_path(const std::string& path) {
  size_t end = 0;
  while (end < path.size()) {
    end = std::min(path.find('/', end + 1), path.size());
    if (!is_archive_name(path.substr(path.rfind('/', end - 1) + 1, end - path.rfind('/', end - 1) - 1))) continue;
    struct stat status {};
    const std::string archive = path.substr(0, end);
    if (::stat(archive.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    std::vector<std::string> parts;
    for (const std::string& part : split(path.substr(end), '/'))
      if (!part.empty() && part != ".") parts.push_back(part);
    return ArchivePath{archive, join(parts, "/")};
  }
  return {};
}

PhotoPlace place_of(const std::string& path) {
  using Kind = PhotoPlace::Kind;
  if (const auto archived = archive_path(path)) {
    const auto index = open_archives().index_of(archived->archive);
    if (const ArchiveEntry* entry = index->find(archived->inside))
      return {Kind::kFile, static_cast<int64_t>(entry->bytes)};
    return {index->has_folder(archived->inside) ? Kind::kFolder : Kind::kNothing, 0};
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  if (S_ISDIR(status.st_mode)) return {Kind::kFolder, 0};
  return {Kind::kFile, S_ISREG(status.st_mode) ? static_cast<int64_t>(status.st_size) : 0};
}

std::vector<ArchivedName> names_in_archive(const ArchivePath& folder) {
  std::vector<ArchivedName> names;
  for (ArchiveIndex::Child& child : open_archives().index_of(folder.archive)->children(folder.inside))
    names.push_back({std::move(child.name), child.is_folder});
  return names;
}

std::string folder_of_photos(const std::string& archive) {
  std::string inside;
  while (true) {
    std::vector<ArchivedName> names = names_in_archive({archive, inside});
    // What a Mac puts beside it.
    const auto foreign = [](const ArchivedName& name) { return name.name == "__MACOSX" || name.name == ".DS_Store"; };
    names.erase(std::remove_if(names.begin(), names.end(), foreign), names.end());
    if (names.size() != 1 || !names[0].is_folder || !split_name(names[0].name).empty()) break;
    const std::string deeper = joined(inside, names[0].name);
    const std::vector<ArchivedName> below = names_in_archive({archive, inside.empty() ? names[0].name : deeper});
    // A single class is no folder of classes.
    if (std::none_of(below.begin(), below.end(), [](const ArchivedName& name) { return name.is_folder; })) break;
    inside = inside.empty() ? names[0].name : deeper;
  }
  return joined(archive, inside);
}

std::string read_photo_part(const std::string& path, uint64_t begin, uint64_t count) {
  if (const auto archived = archive_path(path)) {
    const auto index = open_archives().index_of(archived->archive);
    const ArchiveEntry* entry = index->find(archived->inside);
    if (!entry) throw DataError("cannot be read: it is not in the archive");
    return index->read(*entry, begin, count);
  }
  const ArchiveFile file(path);
  if (begin >= file.bytes()) return "";
  return file.read(begin, std::min(count, file.bytes() - begin));
}

}  // namespace cvtool
