#include "data/folders.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "data/dataset.h"

namespace cvtool {
namespace {

struct FolderEntry {
  std::string name;
  bool is_folder;
};

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
    if (is_folder || has_image_extension(name)) entries.push_back({name, is_folder});
  }
  // By path: what lies in a folder "a" comes after "a.jpg".
  const auto key = [](const FolderEntry& entry) { return entry.is_folder ? entry.name + "/" : entry.name; };
  std::sort(entries.begin(), entries.end(),
            [&](const FolderEntry& a, const FolderEntry& b) { return key(a) < key(b); });
  return entries;
}

// The folders between the start of a walk and where it is.
using Trail = std::vector<std::pair<dev_t, ino_t>>;

// Throws DataError for a folder that cannot be read or that lies in itself.
std::vector<FolderEntry> entries_below(const std::string& folder, Trail& trail) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0)
    throw DataError("cannot read the folder " + folder + ": " + std::strerror(errno));
  const std::pair<dev_t, ino_t> here{status.st_dev, status.st_ino};
  if (std::find(trail.begin(), trail.end(), here) != trail.end())
    throw DataError("the symbolic link " + folder + " leads back to a folder that it lies in; remove it");
  trail.push_back(here);
  return entries_of(folder);
}

// Calls visit(path relative to the start, error) until it returns false. Returns false when it was stopped.
bool walk(const std::string& folder, const std::string& prefix, Trail& trail, const ImageVisit& visit) {
  const size_t depth = trail.size();
  std::vector<FolderEntry> entries;
  try {
    entries = entries_below(folder, trail);
  } catch (const DataError& error) {
    trail.resize(depth);
    return visit(prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1), error.what());
  }
  for (const FolderEntry& entry : entries) {
    const bool go_on = entry.is_folder ? walk(folder + "/" + entry.name, prefix + entry.name + "/", trail, visit)
                                       : visit(prefix + entry.name, "");
    if (!go_on) return false;
  }
  trail.resize(depth);
  return true;
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

bool visit_images(const std::string& folder, const ImageVisit& visit) {
  Trail trail;
  return walk(folder, "", trail, visit);
}

std::vector<std::string> images_below(const std::string& folder) {
  std::vector<std::string> paths;
  visit_images(folder, [&](const std::string& path, const std::string& error) {
    if (!error.empty()) throw DataError(error);
    paths.push_back(path);
    return true;
  });
  return paths;
}

bool holds_images(const std::string& folder) {
  return !visit_images(folder, [](const std::string&, const std::string& error) {
    if (!error.empty()) throw DataError(error);
    return false;
  });
}

}  // namespace cvtool
