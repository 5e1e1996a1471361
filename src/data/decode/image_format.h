// What a file is by its first bytes, never by its extension.
#pragma once

#include <string>

namespace cvtool {

enum class ImageFormat { kUnknown, kJpeg, kPng, kBmp, kGif, kWebp, kTiff, kPnm };

// Looks at the first 16 bytes at most.
ImageFormat image_format(const std::string& bytes);

// "JPEG", "PNG", ...; "unknown" for kUnknown.
const char* format_name(ImageFormat format);

// The format that a file's extension promises; kUnknown for an extension that is not of an image.
ImageFormat format_of_extension(const std::string& path);

// Why bytes of no known format are none: "the file is empty", "it holds text", "it is a TGA or ...".
std::string why_unknown(const std::string& bytes);

}  // namespace cvtool
