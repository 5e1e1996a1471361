#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "data/photos.h"
#include "engine/explain/explain_jobs.h"
#include "engine/output_check.h"
#include "evaluate/heat_view.h"
#include "explain/activations.h"
#include "explain/heat_map.h"
#include "report/sheet.h"
#include "torch/device.h"

namespace cvtool {
namespace {

constexpr int kOneTilePx = 420, kTilePx = 220;

const char* title_of(const std::string& method) {
  return method == "occlusion" ? "Occlusion" : method == "grad-cam" ? "Grad-CAM" : "Grad-CAM++";
}

// A model, and how it is looked at.
struct Viewer {
  const OpenedModel& opened;
  FlatNet net;
  at::Device device;
  std::string method;
  size_t layer = 0;      // not of occlusion
  int64_t class_index;   // -1: the predicted one
  int64_t patch_px = 0;  // of occlusion
};

struct View {
  int64_t class_index = 0;
  double probability = 0;
  at::Tensor heat;  // [h,w], 0..1
};

int64_t class_from_name(const std::string& name, const std::vector<std::string>& classes) {
  if (name.empty()) return -1;
  const auto place = place_of_name(classes, name);
  if (!place) throw UsageError("--class: " + unknown_word("class", name, classes));
  return static_cast<int64_t>(*place);
}

Viewer viewer_for(const ExplainRequest& request, const OpenedModel& opened) {
  if (request.mode != "occlusion") require_net(opened.path, opened.file, "looked into (but with --occlusion)");
  const at::Device device = opened.predictor.net().device();
  torch::jit::Module module = opened.file.module;
  module.to(device);
  Viewer viewer{opened, FlatNet(module),
                device, request.mode,
                0,      class_from_name(request.class_name, model_classes(opened.file.info))};
  const ImageSize& size = opened.recipe.data.imgsz;
  viewer.patch_px =
      request.patch_px > 0 ? request.patch_px : std::max<int64_t>(1, std::min(size.height, size.width) / 5);
  if (request.mode != "occlusion")
    viewer.layer =
        request.layer.empty() ? last_map(viewer.net, opened.file.golden.to(device)) : viewer.net.find(request.layer);
  return viewer;
}

View view_of(const Viewer& viewer, const at::Tensor& photo) {
  const at::Tensor pixels = viewer.opened.predictor.input(photo);
  const at::Tensor probabilities = viewer.opened.predictor.net().run(pixels).probabilities[0];
  View view;
  view.class_index = viewer.class_index < 0 ? probabilities.argmax().item<int64_t>() : viewer.class_index;
  view.probability = probabilities[view.class_index].item<double>();
  if (viewer.method == "occlusion") {
    view.heat = occlusion_map(viewer.opened.predictor.net(), pixels, view.class_index, viewer.patch_px);
  } else {
    const auto method = viewer.method == "grad-cam" ? grad_cam : grad_cam_plus_plus;
    view.heat = method(viewer.net, pixels.to(viewer.device), viewer.layer, {view.class_index})[0];
  }
  view.heat = on_whole_photo(view.heat, pixels, viewer.opened.recipe.data.imgsz);
  return view;
}

// Tiles of the finished sheet: a single photo also stands beside its heat map.
std::vector<SheetPicture> tiles(const cv::Mat& photo, const cv::Mat& heat, const std::string& name,
                                const std::string& verdict, bool single) {
  if (!single) return {{heat, {name, verdict}}};
  return {{photo, {name}}, {heat, {verdict}}};
}

void write_heat_sheet(const std::string& file, const Viewer& viewer, const std::vector<SheetPicture>& pictures,
                      bool single) {
  SheetStyle style{title_of(viewer.method)};
  if (viewer.method != "occlusion")
    style.title += " of layer " + viewer.net.layers()[viewer.layer].name;
  else
    style.title += " by squares of " + std::to_string(viewer.patch_px) + " px";
  style.tile_px = single ? kOneTilePx : kTilePx;
  write_sheet(file, pictures, style);
}

}  // namespace

ExplainResult explain_heat(const ExplainRequest& request, Observer& observer) {
  const OpenedModel opened = open_model(request.model, "fp32", request.run);
  const Viewer viewer = viewer_for(request, opened);
  const auto classes = model_classes(opened.file.info);
  std::vector<std::string> paths;
  for (const std::string& input : request.inputs)
    for (std::string& file : find_images(input)) paths.push_back(std::move(file));
  if (paths.empty()) throw UsageError("--" + request.mode + ": name a picture or a folder of pictures");
  const std::string name =
      stem_of(request.inputs[0]) + "-" + (request.mode == "grad-cam++" ? "grad-cam-plus-plus" : request.mode);
  const std::string file = output_path(request.output, opened.path, name);
  check_output(file, OutputKind::kPicture, {paths, nullptr});
  Json images = Json::array();
  std::vector<std::string> lines;
  std::vector<SheetPicture> pictures;
  int64_t failed = 0;
  for (const std::string& path : paths) {
    if (observer.stop_requested()) throw Error("interrupted; nothing was written", ExitCode::kInterrupted);
    try {
      const SeenPhoto photo =
          read_seen_photo(path, opened.recipe.data, decode_options(opened.recipe.data, request.run));
      const View view = view_of(viewer, photo.pixels);
      const std::string& class_name = classes[static_cast<size_t>(view.class_index)];
      const std::string verdict = class_name + " " + fixed(view.probability, 4);
      images.push_back({{"path", path},
                        {"class", class_name},
                        {"probability", view.probability},
                        {"heat", {{"size", view.heat.sizes().vec()}, {"values", json_from_plane(view.heat)}}}});
      lines.push_back(path + ": " + verdict);
      if (pictures.size() >= kMostPictures) {
        pictures.push_back({});  // counted, not drawn
        continue;
      }
      const cv::Mat heat = heat_over_photo(photo.rgb, view.heat, opened.recipe.data);
      for (SheetPicture& tile :
           tiles(photo.rgb, heat, std::filesystem::path(path).filename().string(), verdict, paths.size() == 1))
        pictures.push_back(std::move(tile));
    } catch (const DataError& error) {
      ++failed;
      images.push_back({{"path", path}, {"error", error.what()}});
      lines.push_back(path + ": error: " + error.what());
    }
    observer.progress({"Looking", static_cast<int64_t>(images.size()), static_cast<int64_t>(paths.size()), std::nan(""),
                       std::nan("")});
  }
  Json document{
      {"model", opened.path}, {"method", request.mode}, {"images", std::move(images)}, {"files", Json::array()}};
  if (request.mode != "occlusion") document["layer"] = viewer.net.layers()[viewer.layer].name;
  if (!pictures.empty()) {
    write_heat_sheet(file, viewer, pictures, paths.size() == 1);
    document["files"].push_back(file);
    lines.push_back("wrote " + file);
  }
  return {std::move(document), std::move(lines), failed};
}

}  // namespace cvtool
