// The safetensors format (Hugging Face): 8 bytes length, a JSON header, the data.
#pragma once

#include "model/weights/raw_tensor.h"

namespace cvtool {

// Tensors in the order of their data. Throws Error when the header is not as the format says, or the data do
// not fill the file exactly.
RawStateDict read_safetensors(const Blob& file, const std::string& origin);

// The metadata of a file, read without its tensors; none where it is not a safetensors file. Throws Error for a file
// that cannot be read.
std::map<std::string, std::string> safetensors_metadata(const std::string& path);

// The bytes of a file with these tensors (made contiguous) and this metadata, in the order given; data
// aligned to 8 bytes. Throws Error where the header would be longer than the format allows (100 MB).
std::string safetensors_bytes(const RawStateDict& dict);

// True when the bytes begin as a safetensors file does.
bool is_safetensors(std::string_view bytes);

}  // namespace cvtool
