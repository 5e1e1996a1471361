// The orientation that cameras note in EXIF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <opencv2/core/mat.hpp>

namespace cvtool {

// The orientation (1..8, TIFF 6.0 tag 274) of an EXIF block, `tiff` pointing at its TIFF header ("II*\0" or
// "MM\0*"). 1 when there is none or the block is damaged.
int exif_orientation(const uint8_t* tiff, size_t size);

// Turns and mirrors a picture stored in `orientation` upright; 1 and unknown values return it as it is.
cv::Mat upright(const cv::Mat& image, int orientation);

}  // namespace cvtool
