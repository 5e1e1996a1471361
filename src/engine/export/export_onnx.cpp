#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/text.h"
#include "data/image.h"
#include "data/image_tensor.h"
#include "engine/export/export_formats.h"
#include "export/onnx/export.h"
#include "export/onnx/verify.h"
#include "export/pictures.h"
#include "onnx/interpret.h"
#include "onnx/onnx_seal.h"
#include "spec/recipe.h"

namespace cvtool {
namespace {

// A sum that is taken in another order may round a pixel to the next byte.
constexpr double kResizeTolerance = 1e-3;
constexpr const char* kInterpreter = "cvtool's interpreter";

void check_onnx_options(const ExportOptions& options, const ExportSource& source) {
  if (options.precision == "bf16") throw UsageError("--precision bf16: ONNX is written in fp32, fp16 or int8");
  if ((options.precision == "int8") != !options.calibrate.empty())
    throw UsageError(options.calibrate.empty()
                         ? "--precision int8: needs --calibrate DIR, a folder of photos, for --format onnx"
                         : "--calibrate: is for --precision int8");
  if (!find_onnx_opset(options.opset))
    throw UsageError("--opset " + std::to_string(options.opset) + ": cvtool writes " + onnx_opsets_text() +
                     ", which are tried out; a reader of a newer one takes them too");
  if (options.with_resize) resize_rule(source.model->info);
}

OnnxModel float_graph(const ExportSource& source, const ExportOptions& options) {
  try {
    OnnxModel onnx = onnx_of_model(source.module, source.model ? &*source.model : nullptr, source.size,
                                   {options.opset, options.precision, options.with_resize});
    if (!source.model) add_base_licence(onnx, source.base);
    return onnx;
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    throw Error(source.path + ": " + error.what());
  }
}

OnnxModel half_graph(const OnnxModel& model, const ExportJob& job) {
  std::vector<WideValue> wide;
  OnnxModel half = halved(model, job.pictures.pixels, wide);
  if (wide.empty()) return half;
  std::string names;
  for (const WideValue& value : wide)
    names += (names.empty() ? "" : ", ") + value.node + " (" + significant(value.largest, 3) + ")";
  spdlog::warn("{}: kept in float32, since the largest number of half precision is 65504: {}", job.output, names);
  return half;
}

OnnxModel graph_for(const ExportJob& job) {
  const ExportOptions& options = job.request.options;
  OnnxModel model = float_graph(job.source, options);
  if (options.precision == "fp16") model = half_graph(model, job);
  if (options.precision == "int8")
    model = quantized(model, calibration_pictures(job.source, job.request, job.observer));
  if (options.with_resize) model = with_resize_inside(model, resize_rule(job.source.model->info));
  add_onnx_digest(model);
  return model;
}

// A picture [1,C,H,W] u8 as train, eval and predict resize it.
at::Tensor resized_as_data(const at::Tensor& picture, const DataConfig& data) {
  const at::Tensor rows = picture[0].permute({1, 2, 0}).contiguous();
  const cv::Mat image(static_cast<int>(rows.size(0)), static_cast<int>(rows.size(1)),
                      CV_8UC(static_cast<int>(rows.size(2))), rows.data_ptr());
  cv::Mat photo = image;
  if (data.depth == 16) image.convertTo(photo, CV_16U, 257);
  return tensor_from_image(resize_image(photo, data));
}

// Pictures of sizes that no model has, resized by the graph and by cvtool.
ExportCheck check_resizing(const OnnxModel& model, const ExportJob& job) {
  const Recipe recipe = recipe_from_json(job.source.model->info.at("recipe"), job.source.path + ": ");
  const ImageSize& size = job.source.size;
  const OnnxInterpreter interpreter(model);
  std::vector<at::Tensor> given, wanted;
  for (const auto& [height, width] :
       {std::pair{2 * size.height + 3, 3 * size.width + 1}, std::pair{size.height / 2 + 5, size.width},
        std::pair{size.height, 5 * size.width / 2}, std::pair{int64_t{61}, int64_t{47}}}) {
    const at::Tensor picture = drawn_pictures(1, height, width, job.source.pixels.channels);
    given.push_back(interpreter.run(picture.to(at::kFloat)));
    wanted.push_back(outputs_of(job.source.module, resized_as_data(picture, recipe.data)));
  }
  const at::Tensor a = at::cat(given), b = at::cat(wanted);
  return check_of(std::string(kInterpreter) + ", pictures of 4 sizes resized inside", relative_difference(a, b), a, b);
}

void judge_resizing(const ExportCheck& check, const ExportOptions& options) {
  if (options.precision == "fp32" && check.difference > kResizeTolerance)
    throw Error("the exported file resizes pictures otherwise than cvtool: probabilities differ by " +
                Json(check.difference).dump() + "; it was not kept");
}

}  // namespace

Written write_onnx(const ExportJob& job, const at::Tensor& expected) {
  const ExportOptions& options = job.request.options;
  check_onnx_options(options, job.source);
  AtomicFile file(job.output);
  const OnnxModel model = graph_for(job);
  const std::string bytes = onnx_bytes(model);
  file.write(bytes);
  const OnnxReport report = check_onnx(bytes, job.pictures.pixels.to(at::kFloat), expected);
  if (!report.outputs.isfinite().all().item<bool>())
    throw Error("the exported file gives NaN or infinity for " + job.pictures.what +
                "; it was not kept, export it in fp32");
  Written written;
  written.bytes = bytes.size();
  for (const OnnxCheck& check : report.checks) {
    written.checks.push_back(check_of(check.reader, check.difference, check.outputs, expected));
    written.checks.back().refused = check.refused;
    written.checks.back().caveat = check.caveat;
  }
  written.outputs = report.outputs;
  if (report.milliseconds >= 0) written.milliseconds = report.milliseconds;
  judge(written.checks, options);
  if (options.with_resize) {
    written.checks.push_back(check_resizing(model, job));
    judge_resizing(written.checks.back(), options);
  }
  file.keep();
  return written;
}

}  // namespace cvtool
