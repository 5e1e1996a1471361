#include "explain/seen_photo.h"

#include "data/image_tensor.h"

namespace cvtool {

SeenPhoto read_seen_photo(const std::string& path, const DataConfig& data, const DecodeOptions& decode) {
  const std::string bytes = read_photo_file(path);
  return {decode_image(bytes, decode), tensor_from_image(decode_resized(bytes, decode, data))};
}

}  // namespace cvtool
