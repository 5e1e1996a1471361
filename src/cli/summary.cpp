#include <algorithm>

#include "base/output.h"
#include "cli/cells.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "spec/data_config.h"

namespace cvtool {
namespace {

class SummaryCommand {
 public:
  explicit SummaryCommand(CommandApp& app) {
    app.example("cvtool summary small-resnet --macs", "a recipe, and what it costs");
    app.example("cvtool summary runs/latest", "the newest model");
    app.add_option("subject", request_.subject, "recipe (name or JSON file), base, run or model file")
        ->type_name("RECIPE|BASE|RUN")
        ->required();
    app.add_option("--classes", request_.classes, "number of classes of a recipe that leaves it open (default: 2)")
        ->check(in_range(2, 1000000));
    app.add_option_function<std::string>(
           "--imgsz,--img-size",
           [this](const std::string& text) {
             const ImageSize size = image_size_from_text(text, "--imgsz");
             request_.overrides["data"]["imgsz"] = Json::array({size.height, size.width});
           },
           "size of the input in pixels: N or HEIGHTxWIDTH (default: the recipe's)")
        ->type_name("N|HxW");
    fields(pixels_, FlagBinder(app, pixels_given_, "Options"));
    app.add_flag(
        "--receptive-field", receptive_field_,
        "also how many pixels each layer sees, how far its values are apart, and where the first one's field begins");
    app.add_flag("--macs", macs_, "also each layer's multiply-adds and the memory of its values, for one photo");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(const Engine& engine, Console&) {
    if (!pixels_given_.empty()) request_.overrides["data"].update(pixels_given_);
    request_.costs = receptive_field_ || macs_;
    const Summary summary = engine.summary(request_);
    print(json_ ? text_from_json(summary) : text(summary));
    return 0;
  }

 private:
  static std::string output_text(const std::vector<int64_t>& output) {
    if (output.empty()) return "?";
    std::string text = "(None";
    for (const int64_t n : output) text += ", " + std::to_string(n);
    return text + ")";
  }

  // "5x5", "-2, -2" and the like: one number where both axes have the same.
  static std::string pair_text(const std::array<int64_t, 2>& pair, const std::string& between) {
    const std::string first = std::to_string(pair[0]);
    return pair[0] == pair[1] && between != "x" ? first : first + between + std::to_string(pair[1]);
  }

  static std::string memory_text(int64_t bytes) {
    return bytes < 1024 * 1024 ? fixed(static_cast<double>(bytes) / 1024, 1) + " KiB"
                               : fixed(static_cast<double>(bytes) / (1024 * 1024), 1) + " MiB";
  }

  // A layer's cells, left to right.
  std::vector<std::string> cells(const LayerSummary& layer) const {
    std::vector<std::string> row{layer.name + " (" + layer.kind + ")", output_text(layer.output),
                                 with_thousands(layer.trainable + layer.non_trainable)};
    if (receptive_field_) {
      const auto& field = layer.cost->field;
      if (field && !field->whole)
        row.insert(row.end(),
                   {pair_text(field->size, "x"), pair_text(field->stride, ", "), pair_text(field->first, ", ")});
      else
        row.insert(row.end(), {field ? "whole" : "-", "-", "-"});
    }
    if (macs_) row.insert(row.end(), {with_thousands(layer.cost->macs), memory_text(layer.cost->activation_bytes)});
    return row;
  }

  std::vector<std::string> header() const {
    std::vector<std::string> row{"Layer (type)", "Output shape", "Param #"};
    if (receptive_field_) row.insert(row.end(), {"Sees", "Stride", "Offset"});
    if (macs_) row.insert(row.end(), {"MACs", "Memory"});
    return row;
  }

  std::string text(const Summary& summary) const {
    std::vector<std::vector<std::string>> rows{header()};
    for (const LayerSummary& layer : summary.layers) rows.push_back(cells(layer));
    std::vector<size_t> widths(rows[0].size());
    size_t total = 0;
    for (const auto& row : rows)
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size() + 2);
    for (size_t width : widths) total += width;
    const std::string rule(total, '=');
    std::string out = "Model: " + summary.name +
                      (summary.imgsz ? ", input " + Json(*summary.imgsz).dump() + " px" : "") +
                      (summary.channels == 1 ? ", grey" : "") + "\n" + rule + "\n";
    for (size_t i = 0; i < rows.size(); ++i) {
      std::string line;
      for (size_t j = 0; j < rows[i].size(); ++j)
        line += j + 1 < rows[i].size() ? rows[i][j] + std::string(widths[j] - rows[i][j].size(), ' ') : rows[i][j];
      out += line + "\n" + (i == 0 ? rule + "\n" : "");
    }
    out += rule + "\nTotal params: " + with_thousands(summary.total());
    out += "\nTrainable params: " + with_thousands(summary.trainable);
    out += "\nNon-trainable params: " + with_thousands(summary.non_trainable) + "\n";
    if (macs_)
      out += "Multiply-adds: " + with_thousands(summary.cost->macs) +
             "\nMemory of all values: " + memory_text(summary.cost->activation_bytes) + "\n";
    return out;
  }

  SummaryRequest request_;
  PixelFormat pixels_;
  Json pixels_given_ = Json::object();
  bool json_ = false, receptive_field_ = false, macs_ = false;
};

}  // namespace

Command make_summary(CommandApp& app) { return command_of<SummaryCommand>(app); }

}  // namespace cvtool
