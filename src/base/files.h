// Files: read whole, written beside their target and renamed, so that nobody ever sees half of one.
#pragma once

#include <string>

namespace cvtool {

// The whole file as bytes. Throws Error naming the path and the reason.
std::string read_file(const std::string& path);

struct FileContent {
  std::string bytes;
  // Device, inode, size and times of change of the very file that was read, as text; "" where it changed meanwhile.
  std::string identity;
};
FileContent read_file_and_identity(const std::string& path);
// The same of a file that is not read; "" where it cannot be looked at.
std::string file_identity(const std::string& path);

// All that the descriptor of an open file still gives. Returns false with errno set.
bool read_to_end(int file, std::string& bytes);

// Writes `bytes` to a temporary file in the target's folder, flushes it to the disk and renames it to `path`, as
// AtomicFile does with an output. On any failure the temporary file is removed, an existing `path` is untouched, and
// Error is thrown.
void write_file_atomically(const std::string& path, const std::string& bytes);

// Makes the folder and its parents. Throws Error naming the folder that could not be made.
void make_folders(const std::string& path);

// FOLDER/NAME, for a file that the program names itself: a symbolic link there is removed, so that nothing is written
// elsewhere. (Links that the user names as an output are followed.)
std::string own_file(const std::string& folder, const std::string& name);

// True for "class/photo.jpg": a relative name without "..", "." or empty parts, which stays in its folder where no link
// leads out of it.
bool stays_inside(const std::string& name);

// Points `link` (a symbolic link) at `target`, replacing an older link atomically. Does nothing where links
// cannot be made.
void point_link(const std::string& link, const std::string& target);

// $XDG_CACHE_HOME/cvtool, or ~/.cache/cvtool. Not created.
std::string cache_folder();

// $XDG_DATA_HOME/cvtool, or ~/.local/share/cvtool. Not created.
std::string user_data_folder();

// The folder `share/cvtool` beside the running program's `bin`, where models/ lies; $CVTOOL_SHARE overrides it.
std::string share_folder();

}  // namespace cvtool
