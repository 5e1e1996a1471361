#include "evaluate/heat_view.h"

#include <ATen/ATen.h>

#include <memory>

#include "base/error.h"
#include "explain/activations.h"
#include "explain/heat_map.h"
#include "explain/seen_photo.h"

namespace cvtool {

at::Tensor on_whole_photo(const at::Tensor& heat, const at::Tensor& seen, const ImageSize& size) {
  const int64_t rows = size.height - seen.size(2), cols = size.width - seen.size(3);
  at::Tensor whole = heat;
  if (rows != 0 || cols != 0) {
    const at::Tensor large =
        at::upsample_bilinear2d(heat.unsqueeze(0).unsqueeze(0), seen.sizes().slice(2), /*align_corners=*/false)[0][0];
    whole = at::constant_pad_nd(large, {cols / 2, cols - cols / 2, rows / 2, rows - rows / 2});
  }
  const double largest = whole.max().item<double>();
  return largest > 0 ? whole / largest : whole;
}

HeatView heat_view_of(const ModelFile& model, const PhotoPredictor& predictor, const Recipe& recipe,
                      at::Device device) {
  HeatView view;
  try {
    torch::jit::Module module = model.module;
    module.to(device);
    const auto net = std::make_shared<FlatNet>(module);
    const size_t layer = last_map(*net, model.golden.to(device));
    view.layer = net->layers()[layer].name;
    view.picture = [net, layer, &predictor, data = recipe.data, device](
                       const std::string& file, const DecodeOptions& decode, int64_t class_index, int side_px) {
      const SeenPhoto photo = read_seen_photo(file, data, decode);
      const at::Tensor pixels = predictor.input(photo.pixels);
      const at::Tensor heat = grad_cam(*net, pixels.to(device), layer, {class_index})[0];
      return heat_over_photo(photo.rgb, on_whole_photo(heat, pixels, data.imgsz), data, side_px);
    };
  } catch (const Error& error) {
    // A model from elsewhere may have no feature map; its metrics are good without.
    view.trouble = error.what();
  }
  return view;
}

}  // namespace cvtool
