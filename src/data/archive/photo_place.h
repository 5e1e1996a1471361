// Where photos lie: in the file system, or in an archive, which is a folder there. The one place that knows of both:
// "photos.zip/cats/1.jpg" is a path like any other for whoever lists or reads photos.
//
// An archive is indexed when it is first met, and again when it has changed. Nothing is unpacked but
// the whole of a compressed TAR, once, into the caches. All of it is thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cvtool {

// A path that leads into an archive, or is one (then `inside` is "").
struct ArchivePath {
  std::string archive, inside;
};
// Nothing for a path in the file system.
std::optional<ArchivePath> archive_path(const std::string& path);

// True for a name that ends as archives do that are read: .zip, .tar, and compressed tars.
bool is_archive_name(const std::string& name);

struct PhotoPlace {
  enum class Kind { kNothing, kFile, kFolder };
  Kind kind = Kind::kNothing;
  int64_t bytes = 0;  // of a file

  bool is_folder() const { return kind == Kind::kFolder; }
  bool is_file() const { return kind == Kind::kFile; }
};
// What lies at a path, links followed; an archive is a folder. Throws DataError naming an archive that is refused.
PhotoPlace place_of(const std::string& path);

// What lies directly in a folder of an archive.
struct ArchivedName {
  std::string name;
  bool is_folder = false;
};
std::vector<ArchivedName> names_in_archive(const ArchivePath& folder);

// The photos of an archive mostly lie in one folder that holds all: the path of that, or of the archive itself. A
// folder that is named like a split stays.
std::string folder_of_photos(const std::string& archive);

// The bytes of a file from `begin` on, `count` at most. Throws DataError with the reason (not the path).
std::string read_photo_part(const std::string& path, uint64_t begin, uint64_t count);

}  // namespace cvtool
