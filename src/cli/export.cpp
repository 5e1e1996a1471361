#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"

namespace cvtool {
namespace {

constexpr size_t kLongestReason = 100;

std::string padded(std::string text, size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string number_or_dash(const Json& value, int decimals) {
  return value.is_null() ? "-" : fixed(value.get<double>(), decimals);
}

// The first line of a library's message.
std::string shortened(std::string text) {
  text = text.substr(0, text.find('\n'));
  return text.size() > kLongestReason ? text.substr(0, kLongestReason) + "..." : text;
}

std::string check_line(const Json& check) {
  const std::string reader = check["reader"];
  if (const std::string refused = check["refused"]; !refused.empty())
    return reader + " cannot read it: " + shortened(refused) + "\n";
  std::string line = reader + ": differs by at most " + fixed(check["difference"].get<double>(), 7);
  if (!check["agreement"].is_null())
    line += ", " + fixed(100 * check["agreement"].get<double>(), 1) + " % keep their class";
  if (const std::string caveat = check["caveat"]; !caveat.empty()) line += " (" + caveat + ")";
  return line + "\n";
}

std::string export_table(const Json& result) {
  std::string text = "wrote " + result["file"].get<std::string>();
  for (const Json& file : result["also"]) text += ", " + file.get<std::string>();
  text += " (" + result["format"].get<std::string>() + ", " + result["precision"].get<std::string>() +
          ")\ncompared on " + result["pictures"].get<std::string>() + "\n";
  for (const Json& check : result["checks"]) text += "  " + check_line(check);
  text += padded("", 10) + padded("bytes", 14) + padded("ms a picture", 14) + "accuracy\n";
  for (const Json& row : result["table"])
    text += padded(row["what"], 10) + padded(with_thousands(row["bytes"].get<int64_t>()), 14) +
            padded(number_or_dash(row["milliseconds"], 2), 14) + number_or_dash(row["accuracy"], 4) + "\n";
  return text;
}

class ExportCommand : public Command {
 public:
  explicit ExportCommand(CLI::App& app) {
    app.add_option("--model", request_.model,
                   "run, model file, or for onnx any TorchScript file (default: runs/latest)");
    app.add_option("-o,--output", request_.output, "file to write (default: exported.pt, .onnx, ... beside the model)");
    app.add_flag("--json", json_, "print one JSON document");
    fields(request_.options, FlagBinder(app, unused_, "What to write"));
    fields(request_.run, FlagBinder(app, unused_, "This machine"));
  }

  int run(const Engine& engine, Console& console) override {
    const Json result = engine.export_model(request_, console);
    console.clear_bar();
    print(json_ ? result.dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : export_table(result));
    return 0;
  }

 private:
  ExportRequest request_;
  Json unused_ = Json::object();
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_export(CLI::App& app) { return std::make_unique<ExportCommand>(app); }

}  // namespace cvtool
