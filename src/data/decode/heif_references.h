// Which pictures of a HEIF file are made of which.
#pragma once

#include <string>

namespace cvtool {

// Throws DataError where a picture is made of itself, by way of others or not, or of so many that decoding them is an
// attack on time: libheif follows such references until the stack ends. Bytes that are no HEIF hold no references.
void check_heif_references(const std::string& bytes);

}  // namespace cvtool
