// Bytes in text (RFC 4648).
#pragma once

#include <string>
#include <string_view>

namespace cvtool {

std::string base64(std::string_view bytes);

// Throws Error for text that base64() does not write.
std::string base64_decoded(std::string_view text);

}  // namespace cvtool
