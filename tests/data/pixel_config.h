// How a test reads small photos.
#pragma once

#include "spec/data_config.h"

namespace cvtool {

// 8 x 12 pixels of the format, and nothing held out.
inline DataConfig config_of(const PixelFormat& pixels) {
  DataConfig config;
  static_cast<PixelFormat&>(config) = pixels;
  config.imgsz = {8, 12};
  config.valid = 0;
  return config;
}

}  // namespace cvtool
