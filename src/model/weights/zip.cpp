#include "model/weights/zip.h"

#include <zip.h>

namespace cvtool {
namespace {

std::string text_of(zip_error_t& error) {
  const std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

std::shared_ptr<zip_t> open_archive(const Blob& file, const std::string& origin) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(file.bytes.data(), file.bytes.size(), 0, &error);
  zip_t* archive = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr;
  if (!archive) {
    if (source) zip_source_free(source);
    fail_weights(origin, "is not a whole zip file (" + text_of(error) + ")");
  }
  zip_error_fini(&error);
  return {archive, zip_discard};
}

// The folder of the first entry; torch.save puts everything into one.
std::string top_folder(zip_t* archive) {
  const char* first = zip_get_name(archive, 0, ZIP_FL_ENC_RAW);
  const std::string name = first ? first : "";
  const auto slash = name.find('/');
  return slash == std::string::npos ? "" : name.substr(0, slash + 1);
}

}  // namespace

ZipArchive::ZipArchive(const Blob& file, const std::string& origin)
    : file_(file),
      origin_(origin),
      archive_(open_archive(file, origin)),
      folder_(top_folder(archive_.get())),
      budget_bytes_(file.bytes.size()) {}

int64_t ZipArchive::find(const std::string& name) const {
  const int64_t index = zip_name_locate(archive_.get(), (folder_ + name).c_str(), ZIP_FL_ENC_RAW);
  return index >= 0 ? index : zip_name_locate(archive_.get(), name.c_str(), ZIP_FL_ENC_RAW);
}

bool ZipArchive::has(const std::string& name) const { return find(name) >= 0; }

Blob ZipArchive::read(const std::string& name) {
  const int64_t index = find(name);
  if (index < 0) fail_weights(origin_, "lacks the entry '" + name + "'");
  const auto entry = static_cast<zip_uint64_t>(index);
  zip_stat_t stat;
  if (zip_stat_index(archive_.get(), entry, 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0) {
    fail_weights(origin_, "does not say the size of its entry '" + name + "'");
  }
  if (stat.comp_method != ZIP_CM_STORE || stat.encryption_method != ZIP_EM_NONE) {
    fail_weights(origin_, "holds the compressed entry '" + name + "', but torch.save compresses nothing",
                 "save it again with torch.save");
  }
  if (stat.size > budget_bytes_) fail_weights(origin_, "holds entries that are bigger than the file ('" + name + "')");
  budget_bytes_ -= stat.size;
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> in(zip_fopen_index(archive_.get(), entry, 0), zip_fclose);
  // One byte more than there should be, so that libzip meets the end and checks the sum.
  std::string bytes(static_cast<size_t>(stat.size) + 1, '\0');
  size_t done = 0;
  zip_int64_t got = in ? 0 : -1;
  while (in && (got = zip_fread(in.get(), bytes.data() + done, bytes.size() - done)) > 0)
    done += static_cast<size_t>(got);
  if (got < 0 || done != stat.size) fail_weights(origin_, "holds the damaged entry '" + name + "'");
  bytes.resize(done);
  return blob_of(std::move(bytes));
}

}  // namespace cvtool
