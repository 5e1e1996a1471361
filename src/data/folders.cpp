#include "data/folders.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "data/archive/photo_place.h"
#include "data/decode/image_format.h"

namespace cvtool {
namespace {

constexpr const char* kRunsFolder = "runs";
constexpr size_t kNamedHiddenPhotos = 3;

bool is_one_of(const std::vector<std::string>& endings, const std::string& ending) {
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

// Labels and descriptions of a set.
bool is_document(const std::string& ending) {
  static const std::vector<std::string> kEndings{".txt", ".json", ".xml", ".csv", ".tsv",
                                                 ".md",  ".html", ".pdf", ".yml", ".yaml"};
  return is_one_of(kEndings, ending);
}

// Endings that are known for something else, so that no such file is opened: what lies beside photos in great numbers,
// downloads that are not finished, and cameras' raw files, of whose TIFF only a thumbnail could be read.
bool is_known_for_else(const std::string& ending) {
  static const std::vector<std::string> kEndings{".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp",
                                                 ".cr2",  ".cr3",     ".nef",        ".arw",      ".dng",      ".orf",
                                                 ".rw2",  ".pef",     ".sr2",        ".raf",      ".raw"};
  return is_document(ending) || is_one_of(kEndings, ending);
}

// "photo.JPG" -> ".jpg"; "" for a name without one.
std::string ending_of(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? "" : lower(name.substr(dot));
}

bool begins_like_photo(const std::string& path) {
  try {
    return begins_like_image(read_photo_part(path, 0, kSniffedBytes));
  } catch (const DataError&) {
    return false;
  }
}

void pass_hidden(const std::string& name, bool is_folder, PassedOver& passed) {
  if (is_folder) {
    if (name != "." && name != "..") ++passed.hidden[name];
  } else if (format_of_extension(name) != ImageFormat::kUnknown) {
    if (passed.hidden_photo_count++ < static_cast<int64_t>(kNamedHiddenPhotos)) passed.hidden_photos.push_back(name);
  }
}

bool is_photo(const FolderEntry& entry, const std::string& path) {
  return entry.kind == FolderEntry::Kind::kPhoto ||
         (!is_known_for_else(ending_of(entry.name)) && begins_like_photo(path));
}

// What lies in a folder of an archive, or of the file system: folders, links to folders, and files of any other kind (a
// broken link too: it is named as unreadable later where its name is a photo's).
std::vector<ArchivedName> names_of(const std::string& folder) {
  if (const auto archived = archive_path(folder)) return names_in_archive(*archived);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder.c_str()), ::closedir);
  if (!directory) throw DataError("cannot read the folder " + folder + ": " + std::strerror(errno));
  std::vector<ArchivedName> names;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    bool is_folder = entry->d_type == DT_DIR;
    if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) {
      struct stat status {};
      is_folder = ::stat((folder + "/" + name).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    }
    names.push_back({name, is_folder});
  }
  return names;
}

std::vector<FolderEntry> entries_of(const std::string& folder, PassedOver& passed) {
  using Kind = FolderEntry::Kind;
  std::vector<FolderEntry> entries;
  for (const auto& [name, is_folder] : names_of(folder)) {
    if (is_hidden(name))
      pass_hidden(name, is_folder, passed);
    else if (is_folder && is_foreign_folder(name))
      ++passed.foreign[name];
    else if (is_folder && name == kRunsFolder && is_runs_folder(folder + "/" + name))
      ++passed.runs[name];
    else if (is_folder)
      entries.push_back({name + "/", Kind::kFolder});
    else
      entries.push_back({name, format_of_extension(name) != ImageFormat::kUnknown ? Kind::kPhoto : Kind::kUnknown});
  }
  // By path: what lies in a folder "a" comes after "a.jpg".
  std::sort(entries.begin(), entries.end(), [](const FolderEntry& a, const FolderEntry& b) { return a.name < b.name; });
  for (FolderEntry& entry : entries)
    if (entry.kind == Kind::kFolder) entry.name.pop_back();
  return entries;
}

// "3 '@eaDir', '__MACOSX'"
std::string counted_names(const std::map<std::string, int64_t>& names) {
  std::vector<std::string> parts;
  for (const auto& [name, count] : names)
    parts.push_back((count > 1 ? with_thousands(count) + " " : "") + "'" + name + "'");
  return join(parts, ", ");
}

}  // namespace

bool is_hidden(const std::string& name) { return name.empty() || name[0] == '.'; }

bool is_foreign_folder(const std::string& name) {
  static const std::vector<std::string> kNames{
      "@eadir",       "#recycle", "@recycle",  "@recently-snapshot",       "__macosx", "__pycache__", "lost+found",
      "$recycle.bin", "recycler", "#snapshot", "system volume information"};
  return std::find(kNames.begin(), kNames.end(), lower(name)) != kNames.end();
}

bool is_runs_folder(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
    const std::string run = path + "/" + entry->d_name;
    if (!is_hidden(entry->d_name) && ::access((run + "/config.json").c_str(), F_OK) == 0) return true;
  }
  return false;
}

std::vector<std::string> notes_of(const PassedOver& passed, const std::string& folder) {
  std::vector<std::string> notes, endings;
  int64_t files = 0;
  for (const auto& [ending, count] : passed.endings) {
    files += count;
    endings.push_back(with_thousands(count) + " " + (ending.empty() ? "without an ending" : ending));
  }
  if (files > 0)
    notes.push_back(folder + ": " + counted(files, "file") + " not used, no photos: " + join(endings, ", "));
  const auto add = [&](const std::map<std::string, int64_t>& names, const std::string& what) {
    if (!names.empty()) notes.push_back(folder + ": passed over " + what + " " + counted_names(names));
  };
  add(passed.foreign, "folders of other programs:");
  add(passed.hidden, "hidden folders:");
  add(passed.runs, "the program's own results:");
  if (passed.hidden_photo_count > 0)
    notes.push_back(folder + ": passed over " + counted(passed.hidden_photo_count, "hidden file") + " such as " +
                    quoted_list(passed.hidden_photos));
  return notes;
}

std::vector<std::string> folders_in(const std::string& folder, PassedOver* passed) {
  PassedOver ignored;
  std::vector<std::string> names;
  for (const FolderEntry& entry : entries_of(folder, passed ? *passed : ignored))
    if (entry.kind == FolderEntry::Kind::kFolder) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> images_in(const std::string& folder, PassedOver* passed) {
  PassedOver ignored;
  std::vector<std::string> names;
  for (const FolderEntry& entry : entries_of(folder, ignored)) {
    if (entry.kind == FolderEntry::Kind::kFolder) continue;
    if (is_photo(entry, folder + "/" + entry.name))
      names.push_back(entry.name);
    else if (passed && !is_document(ending_of(entry.name)))  // it belongs beside the folders of classes
      ++passed->endings[ending_of(entry.name)];
  }
  return names;
}

ImageWalk::ImageWalk(std::string folder, PassedOver* passed) : start_(std::move(folder)), passed_(passed) {}

// Throws DataError for a folder that cannot be read or that lies in itself.
void ImageWalk::enter(const std::string& prefix) {
  const std::string folder = prefix.empty() ? start_ : start_ + "/" + prefix.substr(0, prefix.size() - 1);
  struct stat status {};
  const bool archived = archive_path(folder).has_value();
  if (!archived && ::stat(folder.c_str(), &status) != 0)
    throw DataError("cannot read the folder " + folder + ": " + std::strerror(errno));
  for (const Level& above : levels_)
    if (!archived && above.device == status.st_dev && above.inode == status.st_ino)
      throw DataError("the symbolic link " + folder + " leads back to a folder that it lies in; remove it");
  PassedOver ignored;
  std::vector<FolderEntry> entries = entries_of(folder, passed_ ? *passed_ : ignored);
  std::reverse(entries.begin(), entries.end());
  levels_.push_back({prefix, status.st_dev, status.st_ino, std::move(entries)});
}

bool ImageWalk::next(std::string& path, std::string& error) {
  const auto entered = [&](const std::string& prefix) {
    try {
      enter(prefix);
      return true;
    } catch (const DataError& problem) {
      path = prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1);
      error = problem.what();
      return false;
    }
  };
  error.clear();
  if (!begun_) {
    begun_ = true;
    if (!entered("")) return true;
  }
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.entries.empty()) {
      levels_.pop_back();
      continue;
    }
    const FolderEntry entry = std::move(level.entries.back());
    level.entries.pop_back();
    path = level.prefix + entry.name;
    if (entry.kind == FolderEntry::Kind::kFolder) {
      if (!entered(path + "/")) return true;
    } else if (is_photo(entry, start_ + "/" + path)) {
      return true;
    } else if (passed_) {
      ++passed_->endings[ending_of(entry.name)];
    }
  }
  return false;
}

std::vector<std::string> images_below(const std::string& folder, PassedOver* passed) {
  std::vector<std::string> paths;
  ImageWalk walk(folder, passed);
  for (std::string path, error; walk.next(path, error); paths.push_back(path))
    if (!error.empty()) throw DataError(error);
  return paths;
}

bool holds_images(const std::string& folder) {
  std::string path, error;
  const bool any = ImageWalk(folder).next(path, error);
  if (!error.empty()) throw DataError(error);
  return any;
}

std::vector<std::string> folders_with_photos(const std::string& folder) {
  std::vector<std::string> names = folders_in(folder);
  const auto without = [&](const std::string& name) { return !holds_images(folder + "/" + name); };
  names.erase(std::remove_if(names.begin(), names.end(), without), names.end());
  return names;
}

}  // namespace cvtool
