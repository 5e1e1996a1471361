#include "data/decode/versions.h"

// Before libtiff's header, which marks names of OpenCV's as deprecated.
#include <opencv2/core/utility.hpp>

#include <dlfcn.h>
#include <gif_lib.h>
#include <libheif/heif.h>
#include <png.h>
#include <sys/stat.h>
#include <tiffio.h>
#include <webp/decode.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/text.h"

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

struct Decoder {
  std::string name, version, file;
};

std::vector<Decoder> decoders() {
  return {
      {"jpeg", std::to_string(JPEG_LIB_VERSION), file_with(jpeg_std_error)},
      {"png", png_get_libpng_ver(nullptr), file_with(png_create_info_struct)},
      {"gif", std::to_string(GIFLIB_MAJOR) + "." + std::to_string(GIFLIB_MINOR) + "." + std::to_string(GIFLIB_RELEASE),
       file_with(DGifCloseFile)},
      {"webp", std::to_string(WebPGetDecoderVersion()), file_with(WebPGetDecoderVersion)},
      {"tiff", split(TIFFGetVersion(), '\n').at(0), file_with(TIFFGetVersion)},
      {"heif", heif_get_version(), file_with(heif_get_version)},
      {"opencv", cv::getVersionString(), file_with(cv::getVersionString)},
  };
}

}  // namespace

Keyed<std::string> decoder_list() {
  Keyed<std::string> list;
  for (const Decoder& decoder : decoders()) list.emplace_back(decoder.name, decoder.version);
  return list;
}

std::string decoder_versions() {
  std::vector<std::string> texts;
  for (const Decoder& decoder : decoders()) texts.push_back(decoder.name + " " + decoder.version);
  return join(texts, ", ");
}

std::string decoder_files() {
  std::string text;
  for (const Decoder& decoder : decoders()) text += decoder.name + " " + decoder.version + " " + decoder.file + "\n";
  return text;
}

}  // namespace cvtool
