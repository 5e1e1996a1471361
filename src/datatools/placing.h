// Files put where they belong, by copies, links or moves, so that nothing is ever overwritten or lost.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

struct FileStep {
  std::string from, to;
};

// True where something lies at the path, a link that leads nowhere included.
bool there(const std::string& path);

// True where the two files, of which `a` may lie in an archive, have equal bytes. Throws DataError naming a file that
// cannot be read.
bool same_content(const std::string& a, const std::string& b);

// Puts a file at step.to, whose folders are made; `how`: "copy", "link" (symbolic and absolute) or "move" (across file
// systems a copy that is then removed). Throws Error where something lies there.
void place_file(const FileStep& step, const std::string& how);

// Undoes place_file for steps that are done, the last first; folders that are empty then go, up to `top`. What cannot
// be put back is warned of.
void take_back(const std::vector<FileStep>& done, const std::string& how, const std::string& top);

// Removes `folder` and those above it, up to `top`, as far as they are empty.
void remove_empty_folders(const std::string& folder, const std::string& top);

// Throws UsageError where `target` lies in `source` or is it, Error where it is no folder.
void check_target_folder(const std::string& source, const std::string& target);

}  // namespace cvtool
