#include "base/shell_word.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "data/augment/kinds.h"
#include "data/data_config.h"
#include "model/head_text.h"
#include "train/train_config.h"
#include "train/transfer_config.h"

namespace cvtool {
namespace {

// What a person wants to know at the end.
std::string summary_text(const TrainResult& result) {
  std::string text;
  for (const std::string& note : result.notes) text += note + "\n";
  text += "best epoch " + std::to_string(result.best_epoch) + " of " + std::to_string(result.epochs) + ": accuracy " +
          fixed(result.metrics["accuracy"].get<double>(), 4);
  const Json interval = result.metrics.value("intervals", Json::object()).value("accuracy", Json());
  if (interval.is_array()) text += " (95 % interval " + fixed(interval[0].get<double>(), 3) + " to " + fixed(interval[1].get<double>(), 3) + ")";
  text += ", loss " + fixed(result.metrics["loss"].get<double>(), 4) + "; trained for " + duration_text(result.seconds) + "\nrun " + result.run +
          " (best.pt, curves.png, history.csv)\n";
  if (!result.resume.empty()) text += "go on with: " + result.resume + "\n";
  return text + "next: cvtool predict IMAGE --model " + shell_word(result.run) + "\n";
}

class TrainCommand : public Command {
 public:
  explicit TrainCommand(CLI::App& app) {
    app.add_option("--data", request_.data, "folder of photos (DIR/train/CLASS/..., DIR/CLASS/...) or CSV file");
    app.add_option("--recipe", request_.recipe, "recipe: a name or a JSON file (default: small-resnet)");
    app.add_option("--base", base_, "pretrained base, frozen: the name of an imported one, or a TorchScript file");
    app.add_option_function<std::string>("--head", [this](const std::string& text) { head_ = layers_from_text(text, "--head"); },
                                         "layers behind the base: " + head_words_help());
    app.add_option("--preprocess", preprocess_, "how pixels reach the net: none, unit, symmetric, imagenet or caffe");
    app.add_option("--from", request_.from, "train the net of this run or model file on");
    app.add_option("--project", request_.project, "folder of the runs (default: runs)");
    app.add_option("--name", request_.name, "the run's folder in the project (default: train, train2, ...)");
    CLI::Option* resume = app.add_option("--resume", request_.resume, "go on with a run that was stopped (default: the newest), bit for bit as if it had not been")
                              ->type_name("[RUN]")
                              ->expected(0, 1);
    app.add_flag("--force", request_.force, "with --resume: go on even where a changed setting changes the result")->needs(resume);
    add_augment_flag(app, augment_);
    app.add_flag("--json", json_, "print events as JSON Lines: start, each epoch, end with the result");
    fields(request_.session, FlagBinder(app, request_.session_given, "This run"));
    fields(request_.run, FlagBinder(app, request_.run_given, "This machine"));
    app.callback([this, resume] {
      request_.resumes = resume->count() > 0;
      if (request_.data.empty() && !request_.resumes) throw CLI::RequiredError("--data");
    });
    fields(data_, FlagBinder(app, data_given_, "Data (over the recipe's)"));
    fields(train_, FlagBinder(app, train_given_, "Training (over the recipe's)"));
    fields(transfer_, FlagBinder(app, transfer_given_, "Pretrained base (over the recipe's)"));
  }

  int run(const Engine& engine, Console& console) override {
    request_.overrides = {{"data", data_given_}, {"train", train_given_}, {"transfer", transfer_given_}, {"model", model_given()}};
    if (!augment_.is_null()) request_.overrides["augment"] = augment_;
    Console::outlive_terminal();
    if (json_) console.write_events();
    const TrainResult result = engine.train(request_, console);
    console.clear_bar();
    if (json_)
      console.event({{"event", "end"},
                     {"run", result.run},
                     {"best_epoch", result.best_epoch},
                     {"epochs", result.epochs},
                     {"seconds", result.seconds},
                     {"interrupted", result.interrupted},
                     {"resume", result.resume},
                     {"notes", result.notes},
                     {"metrics", result.metrics}});
    else if (result.metrics.is_object())
      print(summary_text(result));
    console.finish_events();
    if (!result.interrupted) return static_cast<int>(ExitCode::kDone);
    throw Error("interrupted after " + counted(result.epochs, "epoch") +
                    (result.best_epoch > 0 ? "; the best model so far is " + result.run + "/best.pt" : "") + "; go on with: " + result.resume,
                ExitCode::kInterrupted);
  }

 private:
  Json model_given() const {
    Json given = Json::object();
    if (!base_.empty()) given["base"] = base_;
    if (!head_.is_null()) given["layers"] = head_;
    if (!preprocess_.empty()) given["preprocess"] = preprocess_;
    return given;
  }

  TrainRequest request_;
  DataConfig data_;
  TrainConfig train_;
  TransferConfig transfer_;
  std::string base_, preprocess_;
  Json head_;
  Json augment_;  // null: the recipe's
  Json data_given_ = Json::object(), train_given_ = Json::object(), transfer_given_ = Json::object();
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_train(CLI::App& app) { return std::make_unique<TrainCommand>(app); }

}  // namespace cvtool
