#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "data/data_config.h"

namespace cvtool {
namespace {

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

class SummaryCommand : public Command {
 public:
  explicit SummaryCommand(CLI::App& app) {
    app.add_option("subject", request_.subject, "recipe (name or JSON file), base, run or model file")->required();
    app.add_option("--classes", request_.classes, "number of classes of a recipe that leaves it open (default: 2)")->check(CLI::Range(2, 1000000));
    app.add_option_function<std::string>(
           "--imgsz,--img-size",
           [this](const std::string& text) {
             const ImageSize size = image_size_from_text(text, "--imgsz");
             request_.overrides["data"]["imgsz"] = Json::array({size.height, size.width});
           },
           "another input size than the recipe's, N or HEIGHTxWIDTH")
        ->type_name("N");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(const Engine& engine, Console&) override {
    const Json summary = engine.summary(request_);
    print(json_ ? summary.dump(2) + "\n" : table(summary));
    return 0;
  }

 private:
  static std::string output_text(const Json& output) {
    if (output.empty()) return "?";
    std::string text = "(None";
    for (const Json& n : output) text += ", " + n.dump();
    return text + ")";
  }

  static std::string table(const Json& summary) {
    size_t first = 14, second = 14;
    for (const Json& layer : summary["layers"]) {
      first = std::max(first, layer["name"].get<std::string>().size() + layer["kind"].get<std::string>().size() + 5);
      second = std::max(second, output_text(layer["output"]).size() + 2);
    }
    const std::string rule(first + second + 12, '=');
    std::string out = "Model: " + summary["name"].get<std::string>() + (summary["imgsz"].is_null() ? "" : ", input " + summary["imgsz"].dump() + " px") + "\n";
    out += rule + "\n" + padded("Layer (type)", first) + padded("Output shape", second) + "Param #\n" + rule + "\n";
    for (const Json& layer : summary["layers"])
      out += padded(layer["name"].get<std::string>() + " (" + layer["kind"].get<std::string>() + ")", first) + padded(output_text(layer["output"]), second) +
             with_thousands(layer["trainable"].get<int64_t>() + layer["non_trainable"].get<int64_t>()) + "\n";
    out += rule + "\nTotal params: " + with_thousands(summary["total"].get<int64_t>());
    out += "\nTrainable params: " + with_thousands(summary["trainable"].get<int64_t>());
    return out + "\nNon-trainable params: " + with_thousands(summary["non_trainable"].get<int64_t>()) + "\n";
  }

  SummaryRequest request_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_summary(CLI::App& app) { return std::make_unique<SummaryCommand>(app); }

}  // namespace cvtool
