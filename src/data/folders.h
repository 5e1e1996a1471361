// Walking through folders of photos, in the file system or in archives (archive/photo_place.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cvtool {

// True for the name of a folder or file that is never looked at: it begins with a dot.
bool is_hidden(const std::string& name);

// True for a folder that another program makes beside photos: '@eaDir', '__MACOSX', 'lost+found', ...
bool is_foreign_folder(const std::string& name);

// What was found and left out, to be told of once.
struct PassedOver {
  std::map<std::string, int64_t> endings;          // files that are no photos, by ending (".txt", "" for none)
  std::map<std::string, int64_t> foreign, hidden;  // folders of other programs and hidden ones, by name
  std::map<std::string, int64_t> runs;             // folders of the program's own runs, by name
  std::vector<std::string> hidden_photos;          // a few names of hidden files with a photo's ending
  int64_t hidden_photo_count = 0;
};

// Sentences about it, each naming `folder`; none where nothing was left out.
std::vector<std::string> notes_of(const PassedOver& passed, const std::string& folder);

// A folder of the program's own runs: named so, and with a run in it.
bool is_runs_folder(const std::string& path);

struct FolderEntry {
  enum class Kind { kFolder, kPhoto, kUnknown };  // kUnknown: its ending does not tell, its content has to
  std::string name;
  Kind kind;
};

// The names of the folders in `folder` (links to folders too) but hidden ones and other programs', in code-point order.
// Throws DataError naming a folder that cannot be read.
std::vector<std::string> folders_in(const std::string& folder, PassedOver* passed = nullptr);

// The names of the photos lying in `folder` itself, in code-point order. `passed` gets the endings of other files but
// documents, such as a list of the labels.
std::vector<std::string> images_in(const std::string& folder, PassedOver* passed = nullptr);

// Every photo below a folder in code-point order of the paths, one after the other and none kept. A file is a photo by
// its ending or, where that says nothing, by its first bytes. Symbolic links are followed; one that leads back to a
// folder above it is an error.
class ImageWalk {
 public:
  // `passed` gets what is left out; it must outlive the walk.
  explicit ImageWalk(std::string folder, PassedOver* passed = nullptr);
  // The path of a photo relative to the folder, or the path of a folder and in `error` why it cannot be read. False at
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
  PassedOver* passed_;
  bool begun_ = false;
  std::vector<Level> levels_;
};

// Paths of every photo below `folder`, relative to it, '/' between folders, in code-point order. Throws
// DataError for a folder that cannot be read.
std::vector<std::string> images_below(const std::string& folder, PassedOver* passed = nullptr);

// The folders in `folder`, as folders_in gives them, that hold photos.
std::vector<std::string> folders_with_photos(const std::string& folder);

// True when there is a photo below `folder`.
bool holds_images(const std::string& folder);

}  // namespace cvtool
