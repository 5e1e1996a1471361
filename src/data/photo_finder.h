// The files that a list of photos means.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cvtool {

// Finds what paths relative to a folder name. Looks through the folders below only when a path names no file.
class PhotoFinder {
 public:
  explicit PhotoFinder(std::string root) : root_(std::move(root)) {}

  // True where the path names a file as it stands.
  bool is_there(const std::string& path) const;

  // The path, relative to the root, of the one photo that `path` means: itself, or with '/' for '\', or below another
  // folder, or with the ending of an image where it has none ("id" of "train/id.jpg"). Empty where there is none or
  // more than one; `several` then gets two of them.
  std::string find(const std::string& path, std::vector<std::string>* several = nullptr);

 private:
  const std::vector<std::string>& below(const std::string& name);

  std::string root_;
  // File name, with and without its ending -> paths; made when it is needed.
  std::optional<std::map<std::string, std::vector<std::string>>> index_;
};

}  // namespace cvtool
