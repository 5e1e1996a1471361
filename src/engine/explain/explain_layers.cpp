#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/photos.h"
#include "engine/explain/explain_jobs.h"
#include "engine/output_check.h"
#include "explain/activations.h"
#include "explain/feature_sheet.h"
#include "explain/token_map.h"
#include "torch/device.h"

namespace cvtool {
namespace {

constexpr int64_t kMapsShown = 64, kFiltersShown = 64, kFiltersInRows = 16;
constexpr int64_t kNumbersShown = 12;

std::string file_word(std::string layer) {
  std::replace(layer.begin(), layer.end(), '/', '-');
  return layer;
}

Json shape_json(const at::Tensor& value) { return Json(value.sizes().vec()); }

// A layer's value [C,H,W] or [F] as numbers.
Json layer_json(const std::string& name, const at::Tensor& value) {
  Json json{{"name", name}, {"shape", shape_json(value)}};
  if (value.dim() != 3) {
    json["values"] = json_from_plane(value.reshape({1, -1}))[0];
    return json;
  }
  json["channels"] = Json::array();
  for (int64_t channel = 0; channel < value.size(0); ++channel) {
    const at::Tensor map = value[channel];
    json["channels"].push_back({{"channel", channel},
                                {"min", map.min().item<double>()},
                                {"max", map.max().item<double>()},
                                {"mean", map.mean().item<double>()},
                                {"zeros", (map == 0).to(at::kFloat).mean().item<double>()}});
  }
  return json;
}

std::string numbers_line(const std::string& name, const Json& values) {
  std::string line = name + ": " + counted(static_cast<int64_t>(values.size()), "number");
  for (int64_t i = 0; i < std::min<int64_t>(kNumbersShown, static_cast<int64_t>(values.size())); ++i)
    line += (i ? " " : ": ") + values[static_cast<size_t>(i)].dump();
  return line + (static_cast<int64_t>(values.size()) > kNumbersShown ? " ..." : "");
}

void wrote(ExplainResult& result, const std::string& file) {
  result.document["files"].push_back(file);
  result.lines.push_back("wrote " + file);
}

void draw_kernels(const ExplainRequest& request, const OpenedModel& opened, const FlatNet& net, ExplainResult& result) {
  const size_t layer = net.find(request.layer);
  const at::Tensor kernels = convolution_kernels(net, layer, opened.file.golden);
  const auto filters = channels_from_text(
      request.channels, kernels.size(0), kernels.size(1) == 3 || kernels.size(1) == 1 ? kFiltersShown : kFiltersInRows);
  const std::string& name = net.layers()[layer].name;
  const std::string file = output_path(request.output, opened.path, file_word(name) + "-kernels");
  check_output(file, OutputKind::kPicture, {});
  write_kernel_sheet(file, name, kernels, filters);
  result.document["layer"] = name;
  result.document["shape"] = shape_json(kernels);
  result.document["kernels"] = Json::array();
  for (int64_t filter : filters) {
    Json channels = Json::array();
    for (int64_t channel = 0; channel < kernels.size(1); ++channel)
      channels.push_back(json_from_plane(kernels[filter][channel]));
    result.document["kernels"].push_back({{"filter", filter}, {"channels", channels}});
  }
  wrote(result, file);
}

// The layers that are meant: one, or all but the preprocessing.
std::vector<size_t> chosen_layers(const FlatNet& net, const std::string& name) {
  if (name != "all") return {net.find(name)};
  std::vector<size_t> layers;
  for (size_t i = 0; i < net.layers().size(); ++i)
    if (const std::string& layer = net.layers()[i].name; layer != "preprocess" && !starts_with(layer, "preprocess/"))
      layers.push_back(i);
  return layers;
}

}  // namespace

ExplainResult explain_layers(const ExplainRequest& request) {
  const OpenedModel opened = open_model(request.model, "fp32", request.run);
  require_net(opened.path, opened.file, "looked into");
  const FlatNet net(opened.file.module);
  ExplainResult result;
  result.document = {{"model", opened.path}, {"files", Json::array()}};
  if (request.kernels) {
    draw_kernels(request, opened, net, result);
    return result;
  }
  const std::string path = only_input(request);
  const auto layers = chosen_layers(net, request.layer);
  const bool all = request.layer == "all";
  const at::NoGradGuard no_grad;
  at::Tensor pixels;
  try {
    pixels = opened.predictor.input(
        read_seen_photo(path, opened.recipe.data, decode_options(opened.recipe.data, request.run)).pixels);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
  auto values = activations_of(net, pixels, layers).values;
  const auto of_all = all_values(net, pixels);
  for (size_t i = 0; i < layers.size(); ++i)
    if (const auto grid = token_grid(of_all, layers[i])) values[i] = map_of_tokens(values[i], *grid);
  result.document["image"] = path;
  result.document["layers"] = Json::array();
  const std::string folder = all && !request.output.empty() ? request.output : "";
  if (!folder.empty()) make_folders(folder);
  const auto file_of = [&](size_t i) {
    const std::string word = stem_of(path) + "-" + file_word(net.layers()[layers[i]].name);
    return output_path(folder.empty() ? request.output : folder + "/" + word + ".png", opened.path, word);
  };
  for (size_t i = 0; i < layers.size(); ++i)
    if (values[i].dim() == 4) check_output(file_of(i), OutputKind::kPicture, {{path}, nullptr});
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string& name = net.layers()[layers[i]].name;
    const at::Tensor value = values[i][0];
    result.document["layers"].push_back(layer_json(name, value));
    if (value.dim() != 3) {
      result.lines.push_back(numbers_line(name, result.document["layers"].back()["values"]));
      continue;
    }
    const auto channels = channels_from_text(all ? "" : request.channels, value.size(0), kMapsShown);
    write_feature_sheet(file_of(i), name, value, channels);
    wrote(result, file_of(i));
  }
  return result;
}

}  // namespace cvtool
