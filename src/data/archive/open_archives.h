// The indexes of the archives that a process reads.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "data/archive/archive_index.h"

namespace cvtool {

class OpenArchives {
 public:
  // Throws DataError naming the archive where it is refused, or is no file.
  std::shared_ptr<const ArchiveIndex> index_of(const std::string& archive);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const ArchiveIndex>> indexes_;
};

}  // namespace cvtool
