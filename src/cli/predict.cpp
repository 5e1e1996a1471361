#include <algorithm>
#include <csignal>
#include <filesystem>

#include "base/csv.h"
#include "base/output.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// Whether `path`, which need not be there yet, is the folder or lies in it.
bool lies_in(const std::string& path, const std::string& folder) {
  std::error_code error;
  const auto whole = [&](const std::string& name) { return fs::weakly_canonical(fs::absolute(name, error), error); };
  const fs::path inside = whole(path).lexically_relative(whole(folder));
  return !inside.empty() && *inside.begin() != "..";
}

// What is written into a watched folder would be taken for a photo that has arrived, and so on without end.
void check_outside_watch(const PredictRequest& request) {
  if (request.watch.empty()) return;
  const std::vector<std::pair<std::string, std::string>> outputs{{"--draw", request.options.draw},
                                                                 {"--sort-into", request.options.sort_into}};
  for (const auto& [flag, folder] : outputs)
    if (!folder.empty() && lies_in(folder, request.watch))
      throw UsageError(flag + " " + folder + ": lies in the watched folder " + request.watch +
                       "; choose a folder outside it");
}

void check_request(const PredictRequest& request) {
  if (request.inputs.empty() && request.watch.empty() && !request.stdin_image)
    throw UsageError("photos are required: name files, folders or '-', or use --watch DIR or --stdin-image");
  if (request.stdin_image && std::count(request.inputs.begin(), request.inputs.end(), "-") > 0)
    throw UsageError("--stdin-image: standard input cannot be a photo and a list of paths at once; leave out '-'");
  if (request.stdin_image && !request.options.sort_into.empty())
    throw UsageError(
        "--sort-into: a photo on standard input is not a file that could be sorted; leave out --stdin-image");
  check_outside_watch(request);
}

class PredictCommand {
 public:
  explicit PredictCommand(CommandApp& app) {
    app.common({"--stdin-image", "--null", "--watch", "--model", "--json", "--csv", "--top", "--threshold", "--unknown",
                "--coverage", "--draw", "--sort-into", "--tta", "--device"});
    app.example("cvtool predict photo.jpg --top 3", "the three most probable classes");
    app.example("cvtool predict photos --sort-into sorted", "copies in a folder per class");
    app.example("find . -name '*.jpg' -print0 | cvtool predict - -0 --json", "one JSON object a photo");
    app.add_option("inputs", request_.inputs, "photos, folders, patterns, or - for paths on standard input")
        ->type_name("IMAGE|DIR|-");
    app.add_flag("-0,--null", request_.null_separated, "those paths end with NUL, as find -print0 writes them");
    app.add_flag("--stdin-image", request_.stdin_image, "standard input is one photo");
    app.add_option("--watch", request_.watch, "predict photos as they arrive in this folder, until Ctrl-C")
        ->type_name("DIR");
    add_model_flag(app, request_.model);
    auto* json = app.add_flag("--json", json_,
                              "JSON Lines: path, class, probability, probabilities, or error; with --unknown and "
                              "--coverage unknown, familiarity, distance and possible");
    app.add_flag("--csv", csv_,
                 "CSV: path, class, probability, one column a class, what --unknown and --coverage add, error")
        ->excludes(json);
    fields(request_.options, FlagBinder(app, "Answers"));
    add_share_flag(app, "--unknown", request_.options.unknown,
                   "name the photos that are like nothing that the model has learned, and so often one that is like it "
                   "too, such as 0.05 (default: none)")
        ->type_name("RATE")
        ->group("Answers");
    add_share_flag(app, "--coverage", request_.options.coverage,
                   "name every class that is still possible, so that the right one is among them so often, such as 0.9 "
                   "(default: no)")
        ->type_name("P")
        ->group("Answers");
    app.add_option("--precision", request_.precision, "arithmetic (default: fp32)")->type_name("fp32|bf16");
    app.add_option("-b,--batch,--batch-size", request_.batch, "photos per step on a GPU (default: 64)")
        ->check(in_range(1, 65536));
    add_tta_flag(app, request_.tta);
    fields(request_.run, FlagBinder(app, "This machine"));
    fields(request_.company, FlagBinder(app, "This machine"));
    app.callback([this] { check_request(request_); });
  }

  int run(const Engine& engine, Console& console) {
    // `cvtool predict ... | head -1` ends without a word, also where the parent ignores the signal.
    std::signal(SIGPIPE, SIG_DFL);
    if (console.leaves_words_to_rank_0()) {
      engine.predict(request_, {[](const auto&) {}, [](const auto&) {}}, console);
      return static_cast<int>(ExitCode::kDone);
    }
    PredictSink sink;
    sink.begin = [this](const std::vector<std::string>& classes) { begin(classes); };
    sink.image = [&](const ImageResult& result) {
      console.clear_bar();
      print(json_ ? json_line(result) : csv_ ? csv_line(result) : text_line(result));
    };
    const int64_t failed = engine.predict(request_, sink, console);
    console.clear_bar();
    // Ctrl-C is how a watch ends.
    if (console.stop_requested() && request_.watch.empty()) throw Error("interrupted", ExitCode::kInterrupted);
    if (failed > 0) throw DataError(counted(failed, "image") + " could not be read (named above)");
    return static_cast<int>(ExitCode::kDone);
  }

 private:
  void begin(const std::vector<std::string>& classes) {
    classes_ = classes;
    if (!csv_) return;
    std::string header = "path,class,probability";
    for (const std::string& name : classes) header += "," + csv_cell(name);
    if (request_.options.unknown) header += ",unknown,familiarity,distance";
    if (request_.options.coverage) header += ",possible";
    print(header + ",error\n");
  }

  std::string json_line(const ImageResult& result) const {
    Json line{{"path", result.path}};
    if (!result.error.empty()) {
      line["error"] = result.error;
      return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
    line["class"] = result.label;
    line["probability"] = result.probabilities[result.ranked[0]];
    line["probabilities"] = Json::object();
    for (size_t i = 0; i < classes_.size(); ++i) line["probabilities"][classes_[i]] = result.probabilities[i];
    if (request_.options.top > 1) {
      line["top"] = Json::array();
      for (size_t i = 0; i < shown(result); ++i)
        line["top"].push_back(
            {{"class", classes_[result.ranked[i]]}, {"probability", result.probabilities[result.ranked[i]]}});
    }
    if (result.familiarity) {
      line["unknown"] = result.familiarity->unknown;
      line["familiarity"] = result.familiarity->familiarity;
      line["distance"] = result.familiarity->distance;
    }
    if (result.possible) line["possible"] = possible(result);
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }

  std::string csv_line(const ImageResult& result) const {
    std::string line = csv_cell(result.path) + ",";
    if (!result.error.empty()) {
      const size_t more = (request_.options.unknown ? 3 : 0) + (request_.options.coverage ? 1 : 0);
      return line + "," + std::string(classes_.size() + 1 + more, ',') + csv_cell(result.error) + "\n";
    }
    line += csv_cell(result.label) + "," + Json(result.probabilities[result.ranked[0]]).dump();
    for (double p : result.probabilities) line += "," + Json(p).dump();
    if (const auto& usual = result.familiarity)
      line += std::string(usual->unknown ? ",yes," : ",no,") + Json(usual->familiarity).dump() + "," +
              Json(usual->distance).dump();
    // A list in JSON: a class's name may hold any character.
    if (result.possible) line += "," + csv_cell(Json(possible(result)).dump());
    return line + ",\n";
  }

  std::string text_line(const ImageResult& result) const {
    if (!result.error.empty()) return printable(result.path + ": error: " + result.error) + "\n";
    std::string line = result.path + ":";
    if (result.familiarity && result.familiarity->unknown) line += " like nothing learned:";
    if (result.label != classes_[result.ranked[0]]) line += " " + result.label + ":";
    for (size_t i = 0; i < shown(result); ++i)
      line += (i ? ", " : " ") + classes_[result.ranked[i]] + " " + fixed(result.probabilities[result.ranked[i]], 4);
    if (result.possible)
      line += "; possible at " + number_text(100 * *request_.options.coverage) + " %: " + join(possible(result), ", ");
    return printable(line) + "\n";
  }

  // The classes that are possible, the most probable first.
  std::vector<std::string> possible(const ImageResult& result) const {
    std::vector<std::string> names;
    for (size_t i = 0; i < *result.possible; ++i) names.push_back(classes_[result.ranked[i]]);
    return names;
  }

  // How many classes are named.
  size_t shown(const ImageResult& result) const {
    return std::min(result.ranked.size(), static_cast<size_t>(request_.options.top));
  }

  PredictRequest request_;
  std::vector<std::string> classes_;
  bool json_ = false, csv_ = false;
};

}  // namespace

Command make_predict(CommandApp& app) { return command_of<PredictCommand>(app); }

}  // namespace cvtool
