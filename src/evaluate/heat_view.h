// Grad-CAM of a model on whole photos.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <opencv2/core/mat.hpp>
#include <string>

#include "data/image.h"
#include "evaluate/opened_model.h"
#include "model/model_file.h"

namespace cvtool {

// `heat` [h,w] of what the net has seen, `seen` [1,C,h,w], as it lies on the photo of data.imgsz: of a net that sees
// the centre only with zeros around it. Scaled so that its largest value is 1.
at::Tensor on_whole_photo(const at::Tensor& heat, const at::Tensor& seen, const ImageSize& size);

struct HeatView {
  std::string layer;    // whose feature map is looked at
  std::string trouble;  // why there are no heat maps; empty: there are
  // The photo of a file, CV_8UC3 RGB, its longer side at most `side_px`, with what speaks for the class over it. Throws
  // DataError when it cannot be read. Not set where there is trouble.
  std::function<cv::Mat(const std::string& file, const DecodeOptions& decode, int64_t class_index, int side_px)>
      picture;
};

// Looks at the last feature map. `model` and `predictor`, which is the model's, must outlive the view.
HeatView heat_view_of(const ModelFile& model, const PhotoPredictor& predictor, const Recipe& recipe, at::Device device);

}  // namespace cvtool
