// What every fuzz target does with its reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "model/weights/raw_tensor.h"

namespace cvtool {

// Reads, checks, and copies every tensor out, so that each byte that a tensor may touch is touched. An Error
// is the right answer to bad bytes; anything else ends the process.
template <class Read>
int read_and_copy(const uint8_t* data, size_t size, Read&& read) {
  const Blob file = blob_of(std::string(reinterpret_cast<const char*>(data), size));
  try {
    const RawStateDict dict = read(file);
    check_tensors(dict, size);
    std::string bytes;
    for (const auto& tensor : dict.tensors) {
      bytes.resize(static_cast<size_t>(element_count(tensor.shape)) * element_bytes(tensor.dtype));
      if (bytes.size() < (size_t{1} << 20)) copy_contiguous(tensor, bytes.data());
    }
  } catch (const Error&) {
  }
  return 0;
}

}  // namespace cvtool
