// What every fuzz target does with its reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "model/weights/raw_tensor.h"

namespace cvtool {

// An Error is the right answer to bad bytes, in words of ours; anything else ends the process.
template <class Read>
int answered(Read&& read) {
  try {
    read();
  } catch (const Error& error) {
    // At the beginning: elsewhere the input may be quoted.
    if (std::string(error.what()).rfind("internal error", 0) != 0) return 0;
    std::fprintf(stderr, "%s\n", error.what());
    std::abort();
  }
  return 0;
}

inline std::string text_of(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

// Reads, checks, and copies every tensor out, so that each byte that a tensor may touch is touched.
template <class Read>
int read_and_copy(const uint8_t* data, size_t size, Read&& read) {
  const Blob file = blob_of(text_of(data, size));
  return answered([&] {
    const RawStateDict dict = read(file);
    check_tensors(dict, size);
    std::string bytes;
    for (const auto& tensor : dict.tensors) {
      bytes.resize(static_cast<size_t>(element_count(tensor.shape)) * element_bytes(tensor.dtype));
      if (bytes.size() < (size_t{1} << 20)) copy_contiguous(tensor, bytes.data());
    }
  });
}

}  // namespace cvtool
