#include "model/archive.h"

#include <zip.h>

#include <memory>
#include <vector>

#include "base/error.h"

namespace cvtool {
namespace {

// libzip compares the checksum when it meets the end of an entry.
bool entry_is_whole(zip_t* archive, zip_uint64_t index, std::vector<char>& buffer) {
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen_index(archive, index, 0),
                                                                zip_fclose);
  if (!entry) return false;
  zip_int64_t got = 0;
  while ((got = zip_fread(entry.get(), buffer.data(), buffer.size())) > 0) continue;
  return got == 0;
}

}  // namespace

void check_archive(const std::string& path, const std::string& bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* opened = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : nullptr;
  zip_error_fini(&error);
  if (!opened) {
    if (source) zip_source_free(source);
    throw Error(path + ": is truncated or damaged; copy or train it again");
  }
  const std::unique_ptr<zip_t, void (*)(zip_t*)> archive(opened, zip_discard);
  std::vector<char> buffer(1 << 16);
  const zip_int64_t count = zip_get_num_entries(opened, 0);
  for (zip_int64_t i = 0; i < count; ++i)
    if (!entry_is_whole(opened, static_cast<zip_uint64_t>(i), buffer))
      throw Error(path + ": is damaged (a checksum does not match); copy or train it again");
}

}  // namespace cvtool
