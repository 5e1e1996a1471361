// Where in a picture a net looks for a class.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "explain/flat_net.h"
#include "model/predictor.h"
#include "spec/data_config.h"

namespace cvtool {

// All heat maps are f32 on the CPU and at least 0; only their proportions mean something.

// Grad-CAM: [N,h,w] of the layer's size; tokens count as the map that they were. ReLU of the layer's channels, each
// weighted by the mean gradient of the class's logit (Selvaraju et al., "Grad-CAM", 2017). `pixels` [N,C,H,W];
// `classes`: one for each picture. For a net of one sigmoid unit the logit of class 0 is minus the unit's.
at::Tensor grad_cam(const FlatNet& net, const at::Tensor& pixels, size_t layer, const std::vector<int64_t>& classes);

// The same with the pixel-wise weights of Chattopadhay et al., "Grad-CAM++", 2018.
at::Tensor grad_cam_plus_plus(const FlatNet& net, const at::Tensor& pixels, size_t layer,
                              const std::vector<int64_t>& classes);

// Occlusion sensitivity (Zeiler and Fergus, 2014): [H,W], by how much the class's probability falls when a square of
// `patch_px` around the pixel is painted in the picture's mean colour; the mean over squares half a side apart.
// `pixels` [1,3,H,W].
at::Tensor occlusion_map(const Predictor& predictor, const at::Tensor& pixels, int64_t class_index, int64_t patch_px);

// Heat maps over photos.

// The photo (CV_8UC3, RGB, any size) with the heat [h,w] over it, strong where the heat is near its largest value.
// `data` says how the photo was fitted into the net's input, on which the heat lies; outside of it the photo is left as
// it is. Larger photos are reduced to `side_px`.
cv::Mat heat_over_photo(const cv::Mat& photo, const at::Tensor& heat, const DataConfig& data, int side_px = 640);

}  // namespace cvtool
