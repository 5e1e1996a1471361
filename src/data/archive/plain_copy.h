// The plain copy of a TAR that is compressed as a whole. It is kept among the caches (base/cache_files.h, "archives"),
// so that it is unpacked once and not again for each run; photos are compressed already, and it is hardly larger.
#pragma once

#include <memory>
#include <string>

#include "data/archive/archive_file.h"

namespace cvtool {

// The copy of an archive that stream_packing() can unpack, in use as long as it is open. It is made where it is not
// there, which is told, by one process at a time. Throws DataError with the reason (not the path): the archive is
// damaged, or there is no room.
std::unique_ptr<const ArchiveFile> plain_copy_of(const std::string& path, const ArchiveFile& archive);

}  // namespace cvtool
