#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"

namespace cvtool {
namespace {

std::string bytes_text(const Json& bytes) {
  return bytes.is_number() ? fixed(bytes.get<double>() / 1e6, 1) + " MB" : "-";
}

std::vector<std::string> cells_of(const Json& row) {
  const auto number = [&](const char* key, int decimals) {
    return row[key].is_number() ? fixed(row[key].get<double>(), decimals) : std::string("-");
  };
  const Json& interval = row["accuracy_interval"];
  const std::string range =
      interval.is_array() ? fixed(interval[0].get<double>(), 3) + " to " + fixed(interval[1].get<double>(), 3) : "-";
  return {row["run"].get<std::string>(),
          row["recipe"].get<std::string>(),
          number("accuracy", 4),
          range,
          number("loss", 4),
          row["epochs"].dump(),
          duration_text(row["seconds"].get<double>()),
          number("images_per_second", 0),
          bytes_text(row["bytes"])};
}

class CompareCommand : public Command {
 public:
  explicit CompareCommand(CLI::App& app) {
    app.add_option("runs", request_.runs, "folders of runs (default: every run in runs)");
    app.add_option("-o,--output", request_.output, "picture of the curves (default: compare.png beside the first run)");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(const Engine& engine, Console& console) override {
    const Json result = engine.compare(request_);
    console.clear_bar();
    if (json_) {
      print(text_from_json(result));
      return static_cast<int>(ExitCode::kDone);
    }
    std::vector<std::vector<std::string>> rows{
        {"run", "recipe", "accuracy", "95 % interval", "loss", "epochs", "time", "images/s", "size"}};
    for (const Json& row : result["runs"]) rows.push_back(cells_of(row));
    print(table_text(rows) + "curves " + result["picture"].get<std::string>() + "\n");
    return static_cast<int>(ExitCode::kDone);
  }

 private:
  CompareRequest request_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_compare(CLI::App& app) { return std::make_unique<CompareCommand>(app); }

}  // namespace cvtool
