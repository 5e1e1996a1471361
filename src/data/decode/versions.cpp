#include "data/decode/versions.h"

#include <dlfcn.h>
#include <gif_lib.h>
#include <png.h>
#include <sys/stat.h>
#include <tiffio.h>
#include <webp/decode.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <opencv2/core/utility.hpp>

// Needs what <cstdio> declares, so it comes behind it.
#include <jpeglib.h>

namespace cvtool {
namespace {

// The file of the library that holds the function.
template <class Function>
std::string file_with(Function* function) {
  Dl_info info{};
  char path[PATH_MAX];
  struct stat status {};
  if (::dladdr(reinterpret_cast<const void*>(function), &info) == 0 || !::realpath(info.dli_fname, path) ||
      ::stat(path, &status) != 0)
    return "unknown";
  return std::string(path) + " " + std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." +
         std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace

std::string decoder_versions() {
  std::string text;
  const auto add = [&](const std::string& name, const std::string& version, const std::string& file) {
    text += name + " " + version + " " + file + "\n";
  };
  add("jpeg", std::to_string(JPEG_LIB_VERSION), file_with(jpeg_std_error));
  add("png", png_get_libpng_ver(nullptr), file_with(png_create_info_struct));
  add("gif", std::to_string(GIFLIB_MAJOR) + "." + std::to_string(GIFLIB_MINOR) + "." + std::to_string(GIFLIB_RELEASE),
      file_with(DGifCloseFile));
  add("webp", std::to_string(WebPGetDecoderVersion()), file_with(WebPGetDecoderVersion));
  add("tiff", TIFFGetVersion(), file_with(TIFFGetVersion));
  add("opencv", cv::getVersionString(), file_with(cv::getVersionString));
  return text;
}

}  // namespace cvtool
