#include "base/output.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"

namespace cvtool {
namespace {

class EvalCommand : public Command {
 public:
  explicit EvalCommand(CLI::App& app) {
    app.add_option("--data", request_.data, "folder of photos or CSV file")->required();
    app.add_option("--model", request_.model, "run or model file (default: runs/latest)");
    app.add_option("--split", request_.split, "train, valid, test or all (default: test, else valid)");
    app.add_option("-o,--output", request_.output, "folder for metrics.json (default: eval-SPLIT beside the model)");
    app.add_flag("--json", json_, "print one JSON document");
    app.add_option("--precision", request_.precision, "fp32 or bf16 (default: fp32)");
    app.add_option("-b,--batch,--batch-size", request_.batch, "photos a step (default: 64)")->check(CLI::Range(1, 65536));
    add_tta_flag(app, request_.tta);
    fields(request_.run, FlagBinder(app, unused_, "This machine"));
  }

  int run(const Engine& engine, Console& console) override {
    const EvalResult result = engine.eval(request_, console);
    console.clear_bar();
    const Json& metrics = result.document["metrics"];
    if (json_)
      print(text_from_json(result.document));
    else
      print(table(result.document["split"].get<std::string>(), metrics) + "files " + result.folder + "\n");
    return static_cast<int>(ExitCode::kDone);
  }

 private:
  static std::string table(const std::string& split, const Json& metrics) {
    std::string out = "split " + split + ", " + counted(metrics["count"].get<int64_t>(), "photo") + "\n";
    for (const char* name : {"accuracy", "loss"}) out += std::string(name) + " " + fixed(metrics[name].get<double>(), 4) + "\n";
    return out;
  }

  EvalRequest request_;
  Json unused_ = Json::object();
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_eval(CLI::App& app) { return std::make_unique<EvalCommand>(app); }

}  // namespace cvtool
