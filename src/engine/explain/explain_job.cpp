#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "engine/explain/explain_jobs.h"
#include "engine/jobs.h"
#include "engine/output_check.h"
#include "explain/extraction.h"
#include "torch/device.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// Seven digits hold a float.
double rounded(float value) { return std::strtod(significant(value, 7).c_str(), nullptr); }

Json panel_json(const char* name, const at::Tensor& plane) {
  return {{"name", name}, {"size", {plane.size(0), plane.size(1)}}, {"values", json_from_plane(plane)}};
}

}  // namespace

std::string only_input(const ExplainRequest& request) {
  if (request.inputs.size() == 1 && !fs::is_directory(request.inputs[0])) return request.inputs[0];
  throw UsageError("--" + request.mode + ": name one picture, not " +
                   (request.inputs.empty()      ? "none"
                    : request.inputs.size() > 1 ? std::to_string(request.inputs.size())
                                                : "a folder"));
}

std::string output_path(const std::string& output, const std::string& model, const std::string& name,
                        const std::vector<std::string>& extensions) {
  if (output.empty()) {
    const fs::path folder = model.empty() ? fs::path() : fs::path(model).parent_path() / "explain";
    if (!folder.empty()) make_folders(folder.string());
    return (folder / (name + ".png")).string();
  }
  for (const std::string& extension : extensions)
    if (ends_with(lower(output), extension)) return output;
  throw UsageError("-o " + output + ": must end in " + join(extensions, " or "));
}

std::string stem_of(const std::string& path) {
  const fs::path whole = fs::path(path).lexically_normal();
  return whole.has_filename() ? whole.stem().string() : whole.parent_path().filename().string();
}

Json json_from_plane(const at::Tensor& plane) {
  const at::Tensor values = plane.detach().to(at::kCPU, at::kFloat).contiguous();
  const auto row_values = values.accessor<float, 2>();
  Json rows = Json::array();
  for (int64_t y = 0; y < values.size(0); ++y) {
    Json row = Json::array();
    for (int64_t x = 0; x < values.size(1); ++x) row.push_back(rounded(row_values[y][x]));
    rows.push_back(std::move(row));
  }
  return rows;
}

ExplainResult explain_kernel(const ExplainRequest& request) {
  const std::string path = only_input(request);
  const Kernel kernel = kernel_from_text(request.kernel);
  const std::string file = output_path(request.output, "", stem_of(path) + "-" + kernel.name);
  check_output(file, OutputKind::kPicture, {{path}, nullptr});
  cv::Mat rgb;
  try {
    rgb = read_image(path, {/*exif=*/true, request.run.max_pixels});
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
  const Extraction extraction = extract_feature(grey_from_image(rgb), kernel, request.extraction);
  const ExtractionOptions& o = request.extraction;
  const std::string title = fs::path(path).filename().string() + ": filter " + kernel.name + ", stride " +
                            std::to_string(o.stride) + ", padding " + o.padding + "; pooling stride " +
                            std::to_string(o.pool_stride) + ", padding " + o.pool_padding;
  write_picture(file, *extraction_picture(title, extraction, kernel, o));
  Json weights =
      json_from_plane(at::tensor(kernel.values, at::kDouble)
                          .reshape({static_cast<int64_t>(kernel.rows), static_cast<int64_t>(kernel.columns)}));
  Json document{{"image", path}, {"kernel", {{"name", kernel.name}, {"values", std::move(weights)}}}, {"options", o}};
  document["panels"] = {panel_json("input", extraction.input), panel_json("filter", extraction.filtered),
                        panel_json("detect", extraction.detected), panel_json("condense", extraction.condensed)};
  document["files"] = Json::array({file});
  std::vector<std::string> lines;
  for (const Json& panel : document["panels"])
    lines.push_back(panel["name"].get<std::string>() + " " + panel["size"][0].dump() + "x" + panel["size"][1].dump());
  lines.push_back("wrote " + file);
  return {std::move(document), std::move(lines)};
}

ExplainResult explain_job(const ExplainRequest& request, Observer& observer) {
  if (request.mode == "kernel") return explain_kernel(request);
  device_from_text(request.run.device);  // asked for in vain is an error in every mode
  if (request.mode == "layer") return explain_layers(request);
  if (request.mode == "embed") return explain_embedding(request, observer);
  return explain_heat(request, observer);
}

}  // namespace cvtool
