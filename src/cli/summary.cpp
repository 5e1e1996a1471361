#include <algorithm>

#include "base/output.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "spec/data_config.h"

namespace cvtool {
namespace {

class SummaryCommand : public Command {
 public:
  explicit SummaryCommand(CLI::App& app) {
    app.add_option("subject", request_.subject, "recipe (name or JSON file), base, run or model file")->required();
    app.add_option("--classes", request_.classes, "number of classes of a recipe that leaves it open (default: 2)")
        ->check(CLI::Range(2, 1000000));
    app.add_option_function<std::string>(
           "--imgsz,--img-size",
           [this](const std::string& text) {
             const ImageSize size = image_size_from_text(text, "--imgsz");
             request_.overrides["data"]["imgsz"] = Json::array({size.height, size.width});
           },
           "another input size than the recipe's, N or HEIGHTxWIDTH")
        ->type_name("N");
    app.add_flag(
        "--receptive-field", receptive_field_,
        "also how many pixels each layer sees, how far its values are apart, and where the first one's field begins");
    app.add_flag("--macs", macs_, "also each layer's multiply-adds and the memory of its values, for one photo");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(const Engine& engine, Console&) override {
    request_.costs = receptive_field_ || macs_;
    const Json summary = engine.summary(request_);
    print(json_ ? text_from_json(summary) : text(summary));
    return 0;
  }

 private:
  static std::string output_text(const Json& output) {
    if (output.empty()) return "?";
    std::string text = "(None";
    for (const Json& n : output) text += ", " + n.dump();
    return text + ")";
  }

  // "5x5", "-2, -2" and the like: one number where both axes have the same.
  static std::string pair_text(const Json& pair, const std::string& between) {
    return pair[0] == pair[1] && between != "x" ? pair[0].dump() : pair[0].dump() + between + pair[1].dump();
  }

  static std::string memory_text(int64_t bytes) {
    return bytes < 1024 * 1024 ? fixed(static_cast<double>(bytes) / 1024, 1) + " KiB"
                               : fixed(static_cast<double>(bytes) / (1024 * 1024), 1) + " MiB";
  }

  // A layer's cells, left to right.
  std::vector<std::string> cells(const Json& layer) const {
    std::vector<std::string> row{
        layer["name"].get<std::string>() + " (" + layer["kind"].get<std::string>() + ")", output_text(layer["output"]),
        with_thousands(layer["trainable"].get<int64_t>() + layer["non_trainable"].get<int64_t>())};
    if (receptive_field_) {
      const Json& field = layer["receptive_field"];
      if (field.is_object())
        row.insert(row.end(),
                   {pair_text(field["size"], "x"), pair_text(field["stride"], ", "), pair_text(field["offset"], ", ")});
      else
        row.insert(row.end(), {field.is_null() ? "-" : "whole", "-", "-"});
    }
    if (macs_)
      row.insert(row.end(),
                 {with_thousands(layer["macs"].get<int64_t>()), memory_text(layer["activation_bytes"].get<int64_t>())});
    return row;
  }

  std::vector<std::string> header() const {
    std::vector<std::string> row{"Layer (type)", "Output shape", "Param #"};
    if (receptive_field_) row.insert(row.end(), {"Sees", "Stride", "Offset"});
    if (macs_) row.insert(row.end(), {"MACs", "Memory"});
    return row;
  }

  std::string text(const Json& summary) const {
    std::vector<std::vector<std::string>> rows{header()};
    for (const Json& layer : summary["layers"]) rows.push_back(cells(layer));
    std::vector<size_t> widths(rows[0].size());
    size_t total = 0;
    for (const auto& row : rows)
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size() + 2);
    for (size_t width : widths) total += width;
    const std::string rule(total, '=');
    std::string out = "Model: " + summary["name"].get<std::string>() +
                      (summary["imgsz"].is_null() ? "" : ", input " + summary["imgsz"].dump() + " px") + "\n" + rule +
                      "\n";
    for (size_t i = 0; i < rows.size(); ++i) {
      std::string line;
      for (size_t j = 0; j < rows[i].size(); ++j)
        line += j + 1 < rows[i].size() ? rows[i][j] + std::string(widths[j] - rows[i][j].size(), ' ') : rows[i][j];
      out += line + "\n" + (i == 0 ? rule + "\n" : "");
    }
    out += rule + "\nTotal params: " + with_thousands(summary["total"].get<int64_t>());
    out += "\nTrainable params: " + with_thousands(summary["trainable"].get<int64_t>());
    out += "\nNon-trainable params: " + with_thousands(summary["non_trainable"].get<int64_t>()) + "\n";
    if (macs_)
      out += "Multiply-adds: " + with_thousands(summary["macs"].get<int64_t>()) +
             "\nMemory of all values: " + memory_text(summary["activation_bytes"].get<int64_t>()) + "\n";
    return out;
  }

  SummaryRequest request_;
  bool json_ = false, receptive_field_ = false, macs_ = false;
};

}  // namespace

std::unique_ptr<Command> make_summary(CLI::App& app) { return std::make_unique<SummaryCommand>(app); }

}  // namespace cvtool
