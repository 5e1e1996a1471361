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

// `list` becomes the resolved list where the flag is given; it must outlive the parsing.
void add_augment_flag(CLI::App& app, Json& list) {
  std::vector<std::string> names;
  for (const AugmentKind& kind : augment_kinds()) names.push_back(kind.short_name);
  const std::string help = "how training photos are varied, over the recipe's: NAME or NAME=STRENGTH, separated by commas, or none. Names: " +
                           join(names, ", ");
  app.add_option_function<std::string>("--augment", [&list](const std::string& text) { list = parse_augment_text(text); }, help)
      ->type_name("LIST");
}

class TrainCommand : public Command {
 public:
  explicit TrainCommand(CLI::App& app) {
    app.add_option("--data", request_.data, "folder of photos (DIR/train/CLASS/..., DIR/CLASS/...) or CSV file")->required();
    app.add_option("--recipe", request_.recipe, "recipe: a name or a JSON file (default: small-resnet)");
    app.add_option("--base", base_, "pretrained base, frozen: the name of an imported one, or a TorchScript file");
    app.add_option("--head", head_, "layers behind the base: " + head_words_help());
    app.add_option("--preprocess", preprocess_, "how pixels reach the net: none, unit, symmetric, imagenet or caffe");
    app.add_option("--from", request_.from, "train the net of this run or model file on");
    app.add_option("--project", request_.project, "folder of the runs (default: runs)");
    app.add_option("--name", request_.name, "the run's folder in the project (default: train, train2, ...)");
    add_augment_flag(app, augment_);
    app.add_flag("--json", json_, "print the result as one JSON document");
    fields(request_.run, FlagBinder(app, unused_, "This machine"));
    fields(data_, FlagBinder(app, data_given_, "Data (over the recipe's)"));
    fields(train_, FlagBinder(app, train_given_, "Training (over the recipe's)"));
    fields(transfer_, FlagBinder(app, transfer_given_, "Pretrained base (over the recipe's)"));
  }

  int run(const Engine& engine, Console& console) override {
    request_.overrides = {{"data", data_given_}, {"train", train_given_}, {"transfer", transfer_given_}, {"model", model_given()}};
    if (!augment_.is_null()) request_.overrides["augment"] = augment_;
    const TrainResult result = engine.train(request_, console);
    console.clear_bar();
    if (json_) {
      print(Json{{"run", result.run}, {"best_epoch", result.best_epoch}, {"interrupted", result.interrupted}, {"metrics", result.metrics}}.dump(2) + "\n");
    } else if (result.metrics.is_object()) {
      print("best epoch " + std::to_string(result.best_epoch) + ": accuracy " + fixed(result.metrics["accuracy"].get<double>(), 4) + ", loss " +
            fixed(result.metrics["loss"].get<double>(), 4) + "\nrun " + result.run + " (best.pt, curves.png, history.csv)\nnext: cvtool predict IMAGE --model " +
            result.run + "\n");
    }
    if (!result.interrupted) return static_cast<int>(ExitCode::kDone);
    throw Error(result.best_epoch > 0 ? "interrupted; the best model so far is " + result.run + "/best.pt"
                                      : "interrupted before the first epoch was finished",
                ExitCode::kInterrupted);
  }

 private:
  Json model_given() const {
    Json given = Json::object();
    if (!base_.empty()) given["base"] = base_;
    if (!head_.empty()) given["layers"] = layers_from_text(head_, "--head");
    if (!preprocess_.empty()) given["preprocess"] = preprocess_;
    return given;
  }

  TrainRequest request_;
  DataConfig data_;
  TrainConfig train_;
  TransferConfig transfer_;
  std::string base_, head_, preprocess_;
  Json augment_;  // null: the recipe's
  Json unused_ = Json::object(), data_given_ = Json::object(), train_given_ = Json::object(), transfer_given_ = Json::object();
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_train(CLI::App& app) { return std::make_unique<TrainCommand>(app); }

}  // namespace cvtool
