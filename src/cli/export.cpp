#include <nlohmann/json.hpp>

#include "base/output.h"
#include "base/text.h"
#include "cli/cells.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"

namespace cvtool {
namespace {

constexpr size_t kLongestReason = 100;

// The first line of a library's message.
std::string shortened(std::string text) {
  text = text.substr(0, text.find('\n'));
  return text.size() > kLongestReason ? text.substr(0, kLongestReason) + "..." : text;
}

std::string check_line(const ExportCheck& check) {
  if (!check.refused.empty()) return check.reader + " cannot read it: " + shortened(check.refused) + "\n";
  std::string line = check.reader + ": differs by at most " + fixed(check.difference, 7);
  if (check.agreement) line += ", " + fixed(100 * *check.agreement, 1) + " % keep their class";
  if (!check.caveat.empty()) line += " (" + check.caveat + ")";
  return line + "\n";
}

std::string export_table(const ExportResult& result) {
  std::string text = "wrote " + printable(result.file);
  for (const std::string& file : result.also) text += ", " + printable(file);
  text += " (" + result.format + ", " + result.precision + ")\ncompared on " + printable(result.pictures) + "\n";
  for (const ExportCheck& check : result.checks) text += "  " + check_line(check);
  text += padded("", 10) + padded("bytes", 14) + padded("ms a picture", 14) + "accuracy\n";
  for (const ExportRow& row : result.table)
    text += padded(row.what, 10) + padded(with_thousands(row.bytes), 14) +
            padded(number_or_dash(row.milliseconds, 2), 14) + number_or_dash(row.accuracy, 4) + "\n";
  return text;
}

class ExportCommand {
 public:
  explicit ExportCommand(CommandApp& app) {
    app.common({"--model", "--output", "--json", "--format", "--precision", "--with-resize", "--verify-data",
                "--calibrate", "--imgsz", "--device"});
    app.example("cvtool export --format onnx -o classifier.onnx", "the newest run for ONNX Runtime");
    app.example("cvtool export --format onnx --precision int8 --calibrate photos", "small and fast");
    add_model_flag(app, request_.model, "run, model file, or for onnx any TorchScript file");
    app.add_option("-o,--output", request_.output, "file to write (default: exported.pt, .onnx, ... beside the model)")
        ->type_name("FILE");
    app.add_flag("--json", json_, "print one JSON document");
    fields(request_.options, FlagBinder(app, "What to write"));
    fields(request_.run, FlagBinder(app, "This machine"));
  }

  int run(const Engine& engine, Console& console) {
    const ExportResult result = engine.export_model(request_, console);
    console.clear_bar();
    print_about(result.file, json_ ? text_from_json(result) : export_table(result));
    return 0;
  }

 private:
  ExportRequest request_;
  bool json_ = false;
};

}  // namespace

Command make_export(CommandApp& app) { return command_of<ExportCommand>(app); }

}  // namespace cvtool
