// Which photos a command names: files, folders, patterns, a list on standard input, a folder that is watched.
// They come one after the other and none is kept, so that a million cost no memory.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cvtool {

struct PhotoSource {
  std::string path;
  std::string error;                   // not empty: nothing can be read here, and why
  std::shared_ptr<std::string> bytes;  // the photo itself, where it is not a file
};

struct PhotoSourceOptions {
  // Files, folders (recursively, sorted by path), patterns such as 'a/*.jpg'; "-" is a list of paths.
  std::vector<std::string> inputs{};
  char separator = '\n';     // between the paths of that list; '\0' as find -print0 writes them
  bool stdin_image = false;  // one photo on standard input
  std::string watch{};       // folder whose new and changed photos follow, until `stopped`
};

// True when photos may be waited for: a list or a photo on standard input, or a watched folder.
bool is_live(const PhotoSourceOptions& options);

// Names each photo in the order of the inputs. What does not exist or cannot be listed is named with its error. A
// watched photo is named once its size and time have rested for one look.
class PhotoLister {
 public:
  // `stopped` ends the listing, from any thread.
  PhotoLister(PhotoSourceOptions options, std::function<bool()> stopped);
  ~PhotoLister();
  // The next photo; false at the end. Waits where the inputs are live.
  bool next(PhotoSource& photo);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cvtool
