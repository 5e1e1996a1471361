#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"

namespace cvtool {
namespace {

class ExportCommand : public Command {
 public:
  explicit ExportCommand(CLI::App& app) {
    app.add_option("--model", request_.model, "run or model file (default: runs/latest)");
    app.add_option("--format", request_.format, "torchscript (default)");
    app.add_option("-o,--output", request_.output, "file to write (default: exported.pt beside the model)");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(const Engine& engine, Console& console) override {
    const Json result = engine.export_model(request_, console);
    console.clear_bar();
    if (json_) print(result.dump(2) + "\n");
    else
      print("wrote " + result["file"].get<std::string>() + ", " + with_thousands(result["bytes"].get<int64_t>()) +
            " bytes; read back, probabilities differ by at most " + result["difference"].dump() + "\n");
    return 0;
  }

 private:
  ExportRequest request_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_export(CLI::App& app) { return std::make_unique<ExportCommand>(app); }

}  // namespace cvtool
