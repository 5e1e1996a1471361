// What a file is by its first bytes, never by its extension.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cvtool {

enum class ImageFormat { kUnknown, kJpeg, kPng, kBmp, kGif, kWebp, kTiff, kPnm, kHeic, kAvif };

// So many first bytes tell a format.
constexpr size_t kSniffedBytes = 128;

// Looks at the first kSniffedBytes at most.
ImageFormat image_format(const std::string& bytes);

// For a file whose name does not say that it is an image: stricter where a text may begin as an image does ("BM", "P1
// ").
bool begins_like_image(const std::string& bytes);

// "JPEG", "PNG", ...; "unknown" for kUnknown.
const char* format_name(ImageFormat format);

// The format that a file's extension promises; kUnknown for an extension that is not of an image.
ImageFormat format_of_extension(const std::string& path);

// The extensions that promise one, lower case with the dot.
std::vector<std::string> image_extensions();

// "JPEG, PNG, ...": all that is read.
std::string readable_formats();

// Why bytes of no known format are none: "the file is empty", "it holds text", "it is a TGA or ...".
std::string why_unknown(const std::string& bytes);

}  // namespace cvtool
