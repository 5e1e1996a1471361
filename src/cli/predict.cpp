#include <algorithm>
#include <numeric>

#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"

namespace cvtool {
namespace {

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

// Class numbers by falling probability; among equals the first class.
std::vector<size_t> ranked(const std::vector<double>& probabilities) {
  std::vector<size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return probabilities[a] > probabilities[b]; });
  return order;
}

class PredictCommand : public Command {
 public:
  explicit PredictCommand(CLI::App& app) {
    app.add_option("inputs", request_.inputs, "images and folders")->required();
    app.add_option("--model", request_.model, "run or model file (default: runs/latest)");
    app.add_option("--top", top_, "how many classes to name (default: 1)")->check(CLI::Range(1, 1000000));
    auto* json = app.add_flag("--json", json_, "JSON Lines: path, class, probability, probabilities, or error");
    app.add_flag("--csv", csv_, "CSV: path, class, probability, one column a class, error")->excludes(json);
    app.add_option("--precision", request_.precision, "fp32 or bf16 (default: fp32)");
    app.add_option("-b,--batch,--batch-size", request_.batch, "photos a step (default: 64)")->check(CLI::Range(1, 65536));
    add_tta_flag(app, request_.tta);
    fields(request_.run, FlagBinder(app, unused_, "This machine"));
  }

  int run(const Engine& engine, Console& console) override {
    PredictSink sink;
    sink.begin = [this](const std::vector<std::string>& classes) { begin(classes); };
    sink.image = [&](const ImageResult& result) {
      console.clear_bar();
      print(json_ ? json_line(result) : csv_ ? csv_line(result) : text_line(result));
    };
    const int64_t failed = engine.predict(request_, sink, console);
    console.clear_bar();
    if (console.stop_requested()) throw Error("interrupted", ExitCode::kInterrupted);
    if (failed > 0) throw DataError(counted(failed, "image") + " could not be read (named above)");
    return static_cast<int>(ExitCode::kDone);
  }

 private:
  void begin(const std::vector<std::string>& classes) {
    classes_ = classes;
    if (!csv_) return;
    std::string header = "path,class,probability";
    for (const std::string& name : classes) header += "," + csv_cell(name);
    print(header + ",error\n");
  }

  std::string json_line(const ImageResult& result) const {
    Json line{{"path", result.path}};
    if (!result.error.empty()) {
      line["error"] = result.error;
      return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
    const auto order = ranked(result.probabilities);
    line["class"] = classes_[order[0]];
    line["probability"] = result.probabilities[order[0]];
    line["probabilities"] = Json::object();
    for (size_t i = 0; i < classes_.size(); ++i) line["probabilities"][classes_[i]] = result.probabilities[i];
    if (top_ > 1) {
      line["top"] = Json::array();
      for (size_t i = 0; i < std::min(order.size(), static_cast<size_t>(top_)); ++i)
        line["top"].push_back({{"class", classes_[order[i]]}, {"probability", result.probabilities[order[i]]}});
    }
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }

  std::string csv_line(const ImageResult& result) const {
    std::string line = csv_cell(result.path) + ",";
    if (!result.error.empty()) return line + "," + std::string(classes_.size() + 1, ',') + csv_cell(result.error) + "\n";
    const size_t best = ranked(result.probabilities)[0];
    line += csv_cell(classes_[best]) + "," + Json(result.probabilities[best]).dump();
    for (double p : result.probabilities) line += "," + Json(p).dump();
    return line + ",\n";
  }

  std::string text_line(const ImageResult& result) const {
    if (!result.error.empty()) return result.path + ": error: " + result.error + "\n";
    const auto order = ranked(result.probabilities);
    std::string line = result.path + ":";
    for (size_t i = 0; i < std::min(order.size(), static_cast<size_t>(top_)); ++i)
      line += (i ? ", " : " ") + classes_[order[i]] + " " + fixed(result.probabilities[order[i]], 4);
    return line + "\n";
  }

  PredictRequest request_;
  std::vector<std::string> classes_;
  Json unused_ = Json::object();
  int64_t top_ = 1;
  bool json_ = false, csv_ = false;
};

}  // namespace

std::unique_ptr<Command> make_predict(CLI::App& app) { return std::make_unique<PredictCommand>(app); }

}  // namespace cvtool
