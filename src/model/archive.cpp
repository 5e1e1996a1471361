#include "model/archive.h"

#include <zip.h>

#include <array>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/text.h"

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

std::string entry_text(zip_t* archive, zip_uint64_t index) {
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen_index(archive, index, 0), zip_fclose);
  std::string text;
  std::array<char, 4096> buffer;
  zip_int64_t got = 0;
  while (entry && (got = zip_fread(entry.get(), buffer.data(), buffer.size())) > 0) text.append(buffer.data(), static_cast<size_t>(got));
  return text;
}

}  // namespace

void check_archive(const std::string& path, const std::string& bytes, const std::string& next_step) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* opened = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : nullptr;
  zip_error_fini(&error);
  if (!opened) {
    if (source) zip_source_free(source);
    throw Error(path + ": is truncated or damaged; " + next_step);
  }
  const std::unique_ptr<zip_t, void (*)(zip_t*)> archive(opened, zip_discard);
  std::vector<char> buffer(1 << 16);
  const zip_int64_t count = zip_get_num_entries(opened, 0);
  for (zip_int64_t i = 0; i < count; ++i)
    if (!entry_is_whole(opened, static_cast<zip_uint64_t>(i), buffer))
      throw Error(path + ": is damaged (a checksum does not match); " + next_step);
}

std::string text_in_archive(const std::string& path, const std::string& name) {
  const std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open(path.c_str(), ZIP_RDONLY, nullptr), zip_discard);
  if (!archive) return "";
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* entry = zip_get_name(archive.get(), static_cast<zip_uint64_t>(i), 0);
    if (entry && ends_with(entry, name)) return entry_text(archive.get(), static_cast<zip_uint64_t>(i));
  }
  return "";
}

}  // namespace cvtool
