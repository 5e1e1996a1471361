#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/command_app.h"
#include "cli/console.h"
#include "spec/weight_table.h"

namespace cvtool {
namespace {

std::string weights_json() {
  const WeightTable table = weight_table();
  return text_from_json(Json{{"sources", table.sources}, {"weights", table.entries}});
}

// In millions or billions, with three figures; "-" where it is not known.
std::string count_text(int64_t value) {
  constexpr double kMillion = 1e6, kBillion = 1e9;
  const auto count = static_cast<double>(value);
  if (value <= 0) return "-";
  return count < kBillion ? significant(count / kMillion, 3) + " M" : significant(count / kBillion, 3) + " G";
}

std::vector<std::string> cells_of(const WeightEntry& entry) {
  return {entry.name,
          entry.top1 > 0 ? fixed(entry.top1, 2) : "-",
          entry.imgsz > 0 ? std::to_string(entry.imgsz) : "-",
          count_text(entry.numbers),
          count_text(entry.macs),
          entry.rate > 0 ? fixed(entry.rate, 0) : "-",
          entry.size.empty() ? "-" : entry.size,
          entry.can_be_fetched() ? "cvtool fetches it" : "by hand",
          entry.note};
}

std::string weights_text() {
  std::vector<std::vector<std::string>> rows{
      {"name", "top-1", "px", "numbers", "multiply-adds", "photos/s", "file", "how", "note"}};
  for (const WeightEntry& entry : weight_table().entries) rows.push_back(cells_of(entry));
  return table_text(rows);
}

class ImportCommand {
 public:
  explicit ImportCommand(CommandApp& app) {
    app.add_option(
           "base", request_.backbone,
           "name of a backbone or of weights (--list shows them), a file or folder of weights with its config.json, "
           "or FILE.safetensors of cvtool export, which becomes a model again")
        ->type_name("BACKBONE|FILE");
    app.add_option("--variant", request_.variant, "whose form of the net (default: that of the weights)")
        ->type_name("torchvision|timm|transformers|keras|caffe");
    app.add_option("--alpha", request_.alpha, "width of mobilenet_v2 (default: that of the weights)")
        ->type_name("1.0|0.75|0.5|0.35")
        ->check(in_range(0.01, 16.0));
    app.add_option(
           "--weights", request_.weights,
           "file of torch.save, .safetensors, Keras .h5 or tfjs model.json (default: the official file is fetched)")
        ->type_name("FILE");
    app.add_option("-o,--output", request_.output,
                   "file to write (default: NAME.pt in $XDG_DATA_HOME/cvtool/bases, where --base NAME finds it; for a "
                   "model beside its file)")
        ->type_name("FILE");
    app.example("cvtool import mobilenet_v2", "fetch the official weights");
    app.example("cvtool import vgg16 --weights vgg16.pth", "of a file that is there");
    app.example("cvtool import --list", "what there is to import");
    app.add_flag("--list", list_, "print the table of known weights instead");
    app.add_flag("--json", json_, "print one JSON document");
  }

  // The engine is loaded where there is something to import.
  int run(Console& console) {
    if (list_) {
      print(json_ ? weights_json() : weights_text());
      return 0;
    }
    if (request_.backbone.empty())
      throw UsageError("import: BACKBONE or FILE is missing; `cvtool import --list` shows what there is");
    const ImportResult result = load_engine().import_backbone(request_, console);
    console.clear_bar();
    print_about(result.file, json_ ? text_from_json(result) : text(result));
    return 0;
  }

 private:
  static std::string text(const ImportResult& result) {
    const std::string wrote = "wrote " + result.file + ", " + with_thousands(result.bytes) + " bytes: ";
    if (!result.classes.empty())
      return wrote + "a model of " + counted(static_cast<int64_t>(result.classes.size()), "class") + "\n";
    std::string kind = result.variant;
    for (const auto& [name, value] : result.parameters.items()) kind += ", " + name + " " + value.dump();
    return wrote + result.backbone + " (" + kind + "), " + with_thousands(result.total) + " parameters\n" +
           made_for(result.weights.value("input", Json::object())) + "licence of the weights: " + result.licence +
           "\nuse it with --base " + result.use + "\n";
  }

  static std::string made_for(const Json& input) {
    if (input.empty()) return "";
    std::string text = "made for pictures of " + input["imgsz"].dump() + " px";
    if (input.contains("crop"))
      text += ", the middle " + number_text(100 * input["crop"].get<double>()) + " % of the shorter side";
    if (input.contains("interpolation")) text += ", " + input["interpolation"].get<std::string>();
    return text + " (" + input["said_by"].get<std::string>() + ")\n";
  }

  ImportRequest request_;
  bool list_ = false, json_ = false;
};

}  // namespace

Command make_import(CommandApp& app) { return light_command_of<ImportCommand>(app); }

}  // namespace cvtool
