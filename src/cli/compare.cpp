#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "cli/cells.h"
#include "cli/command.h"
#include "cli/command_app.h"
#include "cli/console.h"

namespace cvtool {
namespace {

std::vector<std::string> cells_of(const ComparedRun& row) {
  const auto& range = row.accuracy_interval;
  return {printable(row.run),
          printable(row.recipe),
          number_or_dash(row.accuracy, 4),
          range ? fixed((*range)[0], 3) + " to " + fixed((*range)[1], 3) : "-",
          number_or_dash(row.loss, 4),
          std::to_string(row.epochs),
          duration_text(row.seconds),
          number_or_dash(row.images_per_second, 0),
          row.bytes ? fixed(static_cast<double>(*row.bytes) / 1e6, 1) + " MB" : "-"};
}

class CompareCommand {
 public:
  explicit CompareCommand(CommandApp& app) {
    app.example("cvtool compare", "every run in runs, the most accurate first");
    app.example("cvtool compare runs/train runs/train2 -o curves.png", "two of them");
    app.add_option("runs", request_.runs, "folders of runs (default: every run in runs)")->type_name("RUN");
    app.add_option("-o,--output", request_.output, "picture of the curves (default: compare.png beside the first run)")
        ->type_name("FILE");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(const Engine& engine, Console& console) {
    const Comparison result = engine.compare(request_);
    console.clear_bar();
    if (json_) {
      print(text_from_json(result));
      return static_cast<int>(ExitCode::kDone);
    }
    std::vector<std::vector<std::string>> rows{
        {"run", "recipe", "accuracy", "95 % interval", "loss", "epochs", "time", "images/s", "size"}};
    for (const ComparedRun& row : result.runs) rows.push_back(cells_of(row));
    print(table_text(rows) + "curves " + printable(result.picture) + "\n");
    return static_cast<int>(ExitCode::kDone);
  }

 private:
  CompareRequest request_;
  bool json_ = false;
};

}  // namespace

Command make_compare(CommandApp& app) { return command_of<CompareCommand>(app); }

}  // namespace cvtool
