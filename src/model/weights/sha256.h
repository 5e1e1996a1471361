// SHA-256, through OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace cvtool {

// 64 lower-case hexadecimal digits. Throws Error when the file cannot be read.
std::string sha256_of_file(const std::string& path);
std::string sha256_of_bytes(std::string_view bytes);

}  // namespace cvtool
