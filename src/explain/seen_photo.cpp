#include "explain/seen_photo.h"

#include <ATen/ATen.h>

#include <cstring>

namespace cvtool {

SeenPhoto read_seen_photo(const std::string& path, const DataConfig& data, const DecodeOptions& decode) {
  const std::string bytes = read_photo_file(path);
  const cv::Mat input = decode_resized(bytes, decode, data);
  SeenPhoto photo{decode_image(bytes, decode), at::empty({1, input.rows, input.cols, 3}, at::kByte)};
  std::memcpy(photo.pixels.data_ptr(), input.ptr(), input.total() * input.elemSize());
  photo.pixels = photo.pixels.permute({0, 3, 1, 2});
  return photo;
}

}  // namespace cvtool
