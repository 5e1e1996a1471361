// Walking through folders of photos.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace cvtool {

// True for the name of a folder or file that is never looked at: it begins with a dot.
bool is_hidden(const std::string& name);

bool has_image_extension(const std::string& name);

// The names of the folders in `folder` (links to folders too) but hidden ones, in code-point order.
// Throws DataError naming a folder that cannot be read.
std::vector<std::string> folders_in(const std::string& folder);

// The names of the images lying in `folder` itself, in code-point order.
std::vector<std::string> images_in(const std::string& folder);

struct FolderEntry {
  std::string name;
  bool is_folder;
};

// Every image below a folder in code-point order of the paths, one after the other and none kept. Symbolic links are
// followed; one that leads back to a folder above it is an error.
class ImageWalk {
 public:
  explicit ImageWalk(std::string folder);
  // The path of an image relative to the folder, or the path of a folder and in `error` why it cannot be read. False at
  // the end.
  bool next(std::string& path, std::string& error);

 private:
  // A folder between the start and where the walk is.
  struct Level {
    std::string prefix;  // its path relative to the start, with a '/' at the end
    dev_t device;
    ino_t inode;
    std::vector<FolderEntry> entries;  // what is to come, backwards
  };
  void enter(const std::string& prefix);

  std::string start_;
  bool begun_ = false;
  std::vector<Level> levels_;
};

// Paths of every image below `folder`, relative to it, '/' between folders, in code-point order. Throws
// DataError for a folder that cannot be read.
std::vector<std::string> images_below(const std::string& folder);

// True when there is an image below `folder`.
bool holds_images(const std::string& folder);

}  // namespace cvtool
