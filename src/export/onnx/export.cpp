#include "export/onnx/export.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/version.h"
#include "export/onnx/write.h"
#include "export/pictures.h"
#include "model/model_info.h"
#include "onnx/onnx_seal.h"
#include "torch/byte_tensor.h"

namespace cvtool {
namespace {

void describe(OnnxModel& onnx, const ModelFile& model, const OnnxOptions& options) {
  const Json& data = model.info.at("recipe").at("data");
  const int64_t channels = model.golden.size(1);
  const std::string colour = channels == 1 ? "grey" : "RGB",
                    shape = "[batch," + std::to_string(channels) + ",height,width]";
  onnx.doc =
      "Image classifier. Input: " + colour + " pixels 0..255 as float32, " + shape +
      std::string(options.resize_inside ? " of any size; resizing and scaling are inside" : "; scaling is inside") +
      ". Output: probabilities [batch,classes] in the order of the metadata key 'classes'.";
  const std::string any_size = options.resize_inside ? ", of any size" : "";
  Json info = without_limits(model.info);
  info["export"] = {{"format", "onnx"},
                    {"opset", options.opset},
                    {"precision", options.precision},
                    {"resize_inside", options.resize_inside}};
  onnx.metadata = {{"classes", model.info.at("classes").dump()},
                   {"imgsz", model.info.at("imgsz").dump()},
                   {"input", colour + ", 0..255, float32, " + shape + any_size},
                   {"resize", data.value("resize", "stretch")},
                   {"interpolation", data.value("interpolation", "bilinear")},
                   {"cvtool.json", info.dump()},
                   {kOnnxGoldenPicture, base64(bytes_of_tensor(model.golden))}};
  add_base_licence(onnx, model.info.value("base", Json()));
}

}  // namespace

void add_base_licence(OnnxModel& onnx, const Json& base) {
  const std::string licence = base_licence(base);
  if (!licence.empty()) onnx.metadata.emplace_back("base_licence", licence);
}

OnnxModel onnx_of_model(const torch::jit::Module& module, const ModelFile* model, const ImageSize& size,
                        const OnnxOptions& options) {
  const int64_t channels = model ? model->golden.size(1) : 3;
  const at::Tensor example = drawn_pictures(3, size.height, size.width, channels).to(at::kFloat);
  OnnxModel onnx = onnx_from_torchscript(module, model ? example : (example - 127.5) / 57.0,
                                         model ? "probabilities" : "features", options.opset);
  onnx.graph_name = model ? "classifier" : "base";
  onnx.producer_version = kVersion;
  if (model) describe(onnx, *model, options);
  return onnx;
}

}  // namespace cvtool
