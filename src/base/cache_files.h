// The files that cvtool keeps so that work need not be done twice: where they lie, which are in use, and how much disk
// space they may take together. All of them may be removed at any time.
//
// A process that uses a file holds a shared lock (flock) on it; only a file that nobody holds is removed here. The lock
// goes with the process, however it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/fields.h"

namespace cvtool {

struct CacheKind {
  std::string name;
  std::string what;   // a few words
  std::string place;  // folder, or file
  bool remade;        // cvtool makes them again by itself; else they are removed by name only
  bool limited;       // shares cache_limit_bytes() with the others that are
};
// pixels, features, nets, archives, weights, verified, bases.
std::vector<CacheKind> cache_kinds();
// The folder of the kind `name`, which must be there.
std::string cache_place(const std::string& name);

struct CacheFile {
  std::string kind, path;
  int64_t bytes = 0;    // of disk space
  double unused_s = 0;  // since it was last used
  bool in_use = false;  // by a running process
};
inline void fields(const CacheFile& f, JsonWriter& visit) {
  visit("kind", f.kind), visit("path", f.path), visit("bytes", f.bytes), visit("unused_seconds", f.unused_s),
      visit("in_use", f.in_use);
}

struct CacheTotal {
  int64_t files = 0, bytes = 0;

  void add(const CacheFile& file) { ++files, bytes += file.bytes; }
};
inline void fields(const CacheTotal& t, JsonWriter& visit) { visit("files", t.files), visit("bytes", t.bytes); }

// The files of the kinds `names` (none: all), in the order of the kinds, the latest used first.
std::vector<CacheFile> cache_files(const std::vector<std::string>& names = {});

// Marks an open file as used now, by this process, until its descriptor and all copies of it are closed.
void hold_cache_file(int descriptor);
// The bytes of a file that holds code, marked as used now; "" unless nobody but this user can have written it.
std::string own_cache_file(const std::string& path);
// Removes the file unless a process uses it; false where one does or it cannot be removed.
bool remove_cache_file(const std::string& path);

// The disk space that the limited kinds may take together: CVTOOL_CACHE_LIMIT in megabytes, else half of what
// would be free without them. Throws UsageError for a variable that is not a number.
int64_t cache_limit_bytes();

// Removes what nobody has used for 30 days, then the files that have not been used for longest, until `bytes` more keep
// the limit, and calls `make`, which makes the file of `bytes`. One process at a time: where another one has made the
// file meanwhile, as `is_made` says, nothing is done. Returns "", or why there is no room; then `make` was not called.
std::string make_cache_room(int64_t bytes, const std::function<bool()>& is_made, const std::function<void()>& make);

}  // namespace cvtool
