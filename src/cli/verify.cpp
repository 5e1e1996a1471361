#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "cli/console.h"

namespace cvtool {
namespace {

std::string verify_table(const Json& report) {
  std::string text = report["file"].get<std::string>() + "\n";
  for (const Json& item : report["checks"])
    text += (item["good"].get<bool>() ? "  good  " : "  BAD   ") + item["check"].get<std::string>() + ": " +
            item["detail"].get<std::string>() + "\n";
  text += "it says of itself\n";
  for (const auto& [key, value] : report["claims"].items())
    text += "  " + key + ": " + value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return text;
}

class VerifyCommand : public Command {
 public:
  explicit VerifyCommand(CLI::App& app) {
    app.add_option("file", request_.file, "model file, run, or ONNX file (default: runs/latest)");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(const Engine& engine, Console& console) override {
    const Json report = engine.verify(request_);
    console.clear_bar();
    print(json_ ? report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : verify_table(report));
    if (!report["good"].get<bool>())
      throw Error(report["file"].get<std::string>() + ": is not as it was written; export or train it again");
    return static_cast<int>(ExitCode::kDone);
  }

 private:
  VerifyRequest request_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_verify(CLI::App& app) { return std::make_unique<VerifyCommand>(app); }

}  // namespace cvtool
