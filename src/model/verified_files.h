// Which files have been checked before, so that predict does it once per file.
#pragma once

#include <string>

namespace cvtool {

// `identity` is that of the bytes that were read (FileContent), so that a file that is replaced meanwhile is another
// one; "" is nobody's.

// True when the file at `path` was checked by this version of cvtool as it is. A list that cannot be read holds
// nothing.
bool is_verified(const std::string& path, const std::string& identity);

// Notes the file in the user's cache folder, for the last 1,000 files. A cache that cannot be written is not an error.
void remember_verified(const std::string& path, const std::string& identity);

}  // namespace cvtool
