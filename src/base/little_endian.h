// Numbers as files hold them: the lowest byte first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cvtool {

// The unsigned number that these bytes are, at most eight; of none it is 0.
inline uint64_t little_endian(std::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = bytes.size(); i-- > 0;) number = number << 8 | static_cast<uint8_t>(bytes[i]);
  return number;
}

}  // namespace cvtool
