#include "data/folders.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "data/dataset.h"

namespace cvtool {
namespace {

// Folders, links to folders, and files of any other kind whose name is an image's (a broken link too: it is
// named as unreadable later).
std::vector<FolderEntry> entries_of(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder.c_str()), ::closedir);
  if (!directory) throw DataError("cannot read the folder " + folder + ": " + std::strerror(errno));
  std::vector<FolderEntry> entries;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (is_hidden(name)) continue;
    bool is_folder = entry->d_type == DT_DIR;
    if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) {
      struct stat status {};
      is_folder = ::stat((folder + "/" + name).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    }
    if (is_folder || has_image_extension(name)) entries.push_back({is_folder ? name + "/" : name, is_folder});
  }
  // By path: what lies in a folder "a" comes after "a.jpg".
  std::sort(entries.begin(), entries.end(), [](const FolderEntry& a, const FolderEntry& b) { return a.name < b.name; });
  for (FolderEntry& entry : entries)
    if (entry.is_folder) entry.name.pop_back();
  return entries;
}

}  // namespace

bool is_hidden(const std::string& name) { return name.empty() || name[0] == '.'; }

bool has_image_extension(const std::string& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) return false;
  const auto& known = image_extensions();
  return std::find(known.begin(), known.end(), lower(name.substr(dot))) != known.end();
}

std::vector<std::string> folders_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const FolderEntry& entry : entries_of(folder))
    if (entry.is_folder) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> images_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const FolderEntry& entry : entries_of(folder))
    if (!entry.is_folder) names.push_back(entry.name);
  return names;
}

ImageWalk::ImageWalk(std::string folder) : start_(std::move(folder)) {}

// Throws DataError for a folder that cannot be read or that lies in itself.
void ImageWalk::enter(const std::string& prefix) {
  const std::string folder = prefix.empty() ? start_ : start_ + "/" + prefix.substr(0, prefix.size() - 1);
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0)
    throw DataError("cannot read the folder " + folder + ": " + std::strerror(errno));
  for (const Level& above : levels_)
    if (above.device == status.st_dev && above.inode == status.st_ino)
      throw DataError("the symbolic link " + folder + " leads back to a folder that it lies in; remove it");
  std::vector<FolderEntry> entries = entries_of(folder);
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
    if (!entry.is_folder || !entered(path + "/")) return true;
  }
  return false;
}

std::vector<std::string> images_below(const std::string& folder) {
  std::vector<std::string> paths;
  ImageWalk walk(folder);
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

}  // namespace cvtool
