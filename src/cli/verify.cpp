#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/output.h"
#include "cli/command.h"
#include "cli/command_app.h"
#include "cli/console.h"

namespace cvtool {
namespace {

std::string verify_table(const VerifyResult& result) {
  std::string text = printable(result.file) + "\n";
  for (const VerifyCheck& item : result.checks)
    text += (item.good ? "  good  " : "  BAD   ") + item.check + ": " + printable(item.detail) + "\n";
  text += "it says of itself\n";
  for (const auto& [key, value] : result.claims.items()) text += "  " + key + ": " + text_from_json(value, -1);
  return text;
}

class VerifyCommand {
 public:
  explicit VerifyCommand(CommandApp& app) {
    app.example("cvtool verify", "the newest run's model");
    app.example("cvtool verify classifier.onnx", "a file that was exported");
    app.add_option("file", request_.file, "model file (.pt, .safetensors), run, or ONNX file (default: runs/latest)")
        ->type_name("RUN");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(const Engine& engine, Console& console) {
    const VerifyResult result = engine.verify(request_);
    console.clear_bar();
    print(json_ ? text_from_json(result) : verify_table(result));
    if (!result.good()) throw Error(result.file + ": is not as it was written; export or train it again");
    return static_cast<int>(ExitCode::kDone);
  }

 private:
  VerifyRequest request_;
  bool json_ = false;
};

}  // namespace

Command make_verify(CommandApp& app) { return command_of<VerifyCommand>(app); }

}  // namespace cvtool
