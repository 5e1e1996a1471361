// SHA-256 of files, through OpenSSL.
#pragma once

#include <string>

namespace cvtool {

// 64 lower-case hexadecimal digits. Throws Error when the file cannot be read.
std::string sha256_of_file(const std::string& path);

}  // namespace cvtool
