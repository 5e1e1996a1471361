#include "base/output.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"

namespace cvtool {
namespace {

class EvalCommand {
 public:
  explicit EvalCommand(CommandApp& app) {
    app.common({"--data", "--model", "--split", "--output", "--json", "--min", "--max", "--baseline", "--threshold",
                "--calibrate", "--coverage", "--ood", "--tta", "--device"});
    app.example("cvtool eval --data photos", "the newest run on the test photos");
    app.example("cvtool eval --data photos --model runs/train2 --min accuracy=0.9", "exit code 3 below that");
    app.add_option("--data", request_.data, "folder of photos, archive of one (.zip, .tar) or CSV file")
        ->required()
        ->type_name("DIR|FILE");
    add_model_flag(app, request_.model);
    app.add_option("--split", request_.split, "which photos (default: test, else valid)")
        ->type_name("train|valid|test|calibration|all");
    app.add_option("-o,--output", request_.output,
                   "folder for report.html and the other files (default: eval-SPLIT beside the model)")
        ->type_name("DIR");
    app.add_flag("--json", json_, "print one JSON document");
    add_gates(app);
    app.add_option("--baseline", request_.baseline,
                   "metrics.json, run or model: exit 3 when it is significantly better (McNemar)")
        ->type_name("RUN")
        ->group("Gates");
    app.add_option("--junit", request_.junit, "write JUnit XML for a CI system: a test case for each gate")
        ->type_name("FILE")
        ->group("Gates");
    app.add_option("--summary", request_.summary,
                   "append figures, gates and weakest classes as Markdown to a file, such as $GITHUB_STEP_SUMMARY")
        ->type_name("FILE")
        ->group("Gates");
    app.add_option_function<double>(
           "--threshold", [this](const double& value) { request_.threshold = value; },
           "of two classes name the second from this probability on")
        ->check(in_range(0.0, 1.0))
        ->type_name("P");
    app.add_option_function<std::string>(
           "--calibrate", [this](const std::string& word) { set_calibration(word); },
           "fit it on the validation photos, and store it in the model")
        ->type_name("temperature");
    add_limits(app);
    app.add_option("--precision", request_.precision, "arithmetic (default: fp32)")->type_name("fp32|bf16");
    app.add_option("-b,--batch,--batch-size", request_.batch, "photos per step on a GPU (default: 64)")
        ->check(in_range(1, 65536));
    add_tta_flag(app, request_.tta);
    fields(request_.columns, FlagBinder(app, "Data (over what the model remembers)"));
    fields(request_.run, FlagBinder(app, "This machine"));
    fields(request_.company, FlagBinder(app, "This machine"));
  }

  int run(const Engine& engine, Console& console) {
    if (console.leaves_words_to_rank_0()) {
      engine.eval(request_, console);
      return static_cast<int>(ExitCode::kDone);
    }
    const EvalResult result = engine.eval(request_, console);
    console.clear_bar();
    if (json_)
      print(text_from_json(result.document));
    else
      print(text(result));
    bool met = true;
    const auto tell_missed = [&](const std::string& missed) {
      console.print_error("gate missed: " + printable(missed));
      met = false;
    };
    for (const GateResult& gate : result.gates)
      if (!gate.met) tell_missed(gate_text(gate));
    if (result.baseline && !result.baseline->met)
      tell_missed("baseline " + result.baseline->name + ": " + result.baseline->text);
    return static_cast<int>(met ? ExitCode::kDone : ExitCode::kGate);
  }

 private:
  void add_gates(CommandApp& app) {
    std::vector<std::string> names;
    for (const MetricKind& kind : metric_kinds())
      names.push_back(kind.name + std::string(kind.below == MetricKind::Below::kClasses    ? ".CLASS"
                                              : kind.below == MetricKind::Below::kAverages ? ".f1"
                                                                                           : ""));
    for (const char* flag : {"--min", "--max"}) {
      const bool min = std::string(flag) == "--min";
      const std::string help =
          min ? "exit 3 when a metric is below it; " + join(names, ", ") + ", or intervals.METRIC.0 for its lower end"
              : "exit 3 when a metric is above it";
      const auto add = [this, flag](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) request_.gates.push_back(gate_from_text(text, flag));
      };
      app.add_option_function<std::vector<std::string>>(flag, add, help)
          ->type_name("METRIC=VALUE")
          ->expected(1)
          ->take_all()
          ->group("Gates");
    }
  }

  void add_limits(CommandApp& app) {
    app.add_flag(
           "--fit-unknown", request_.fit_unknown,
           "fit what tells unknown photos on the training photos, and store it in the model, for predict --unknown")
        ->group(kLimits);
    app.add_flag(
           "--fit-coverage", request_.fit_coverage,
           "calibrate the model for predict --coverage: with the photos that were held back (train --calibration), "
           "or with photos that it has never seen, and store that in the model")
        ->group(kLimits);
    add_share_flag(app, "--coverage", request_.coverage,
                   "measure how often the right class is among the possible ones of predict --coverage (default: 0.9, "
                   "where the model is calibrated)")
        ->type_name("P")
        ->group(kLimits);
    app.add_option("--ood", request_.ood,
                   "measure how well photos of something else, of any folders, are told from the evaluated ones")
        ->type_name("DIR")
        ->group(kLimits);
  }

  void set_calibration(const std::string& word) {
    if (word != "temperature") throw UsageError("--calibrate: " + unknown_word("method", word, {"temperature"}));
    request_.calibrate = word;
  }

  static std::string text(const EvalResult& result) {
    std::string out = "split " + result.split + ", " + counted(result.photos, "photo") + "\n";
    std::vector<std::vector<std::string>> rows;
    for (const MetricValue& metric : result.metrics) {
      const auto& range = metric.interval;
      rows.push_back({metric.name, metric.value ? metric_text(metric_kind(metric.name), *metric.value) : "undefined",
                      range ? "(95 %: " + fixed((*range)[0], 4) + " to " + fixed((*range)[1], 4) + ")" : ""});
    }
    out += table_text(rows);
    for (const GateResult& gate : result.gates)
      out += (gate.met ? "gate met: " : "gate missed: ") + printable(gate_text(gate)) + "\n";
    if (result.baseline) out += "baseline: " + printable(result.baseline->text) + "\n";
    if (result.calibration) out += calibration_text(*result.calibration);
    if (result.coverage) out += coverage_text(*result.coverage);
    if (result.ood) out += ood_text(*result.ood);
    return out + "report " + printable(result.folder) + "/report.html\n";
  }

  static std::string calibration_text(const Calibration& calibration) {
    std::string out = "temperature " + fixed(calibration.temperature, 4) + ", fitted on " +
                      counted(calibration.photos, "validation photo") + " and stored in the model\n";
    for (const auto& [split, change] : calibration.splits)
      out += "ece of the " + split + " photos " + fixed(change.ece_before, 4) + " before, " +
             fixed(change.ece_after, 4) + " after\n";
    return out;
  }

  static std::string coverage_text(const CoverageResult& coverage) {
    return "coverage " + number_text(coverage.asked) + " asked, " + fixed(coverage.reached, 4) +
           " reached (95 %: " + fixed(coverage.interval[0], 4) + " to " + fixed(coverage.interval[1], 4) + "), " +
           fixed(coverage.mean_size, 2) + " classes possible a photo\n";
  }

  static std::string ood_text(const OodResult& ood) {
    std::string out = counted(ood.photos, "photo") + " of something else, " + printable(ood.data) + ", from " +
                      with_thousands(ood.known) + " known ones:\n";
    std::vector<std::vector<std::string>> rows{{"by", "auroc", "fpr95"}};
    for (const auto& [name, method] : ood.methods)
      rows.push_back({name, fixed(method.auroc, 4), fixed(method.fpr95, 4)});
    return out + table_text(rows);
  }

  static constexpr const char* kLimits = "What it does not know";

  EvalRequest request_;
  bool json_ = false;
};

}  // namespace

Command make_eval(CommandApp& app) { return command_of<EvalCommand>(app); }

}  // namespace cvtool
