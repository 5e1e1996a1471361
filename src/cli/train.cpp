#include "base/launch.h"
#include "base/output.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "cli/train_output.h"
#include "cli/train_series.h"
#include "spec/data_config.h"
#include "spec/head_text.h"
#include "spec/recipe.h"
#include "spec/train_config.h"

namespace cvtool {
namespace {

// What plain `train` uses, for the help. Without the recipe, training says what is missing.
Recipe recipe_for_help(const char* name) {
  try {
    return load_recipe(name, Json::object());
  } catch (const Error&) {
    return {};
  }
}

// "" where the text is "none" or minutes, else what is wrong with it.
std::string is_budget(const std::string& text) {
  constexpr double kMost = 1e6;
  if (text == "none") return "";
  try {
    size_t end = 0;
    const double minutes = std::stod(text, &end);
    if (end == text.size() && minutes > 0 && minutes <= kMost) return "";
  } catch (const std::exception&) {
    return "'" + text + "' is neither a number of minutes nor 'none'";
  }
  return "'" + text + "' is neither a number of minutes above 0 (and up to 1000000) nor 'none'";
}

class TrainCommand {
 public:
  explicit TrainCommand(CommandApp& app) {
    const Recipe plain = recipe_for_help(kDefaultRecipe);
    data_ = plain.data;
    train_ = plain.train;
    say_what_it_is(app);
    add_main_flags(app);
    CLI::Option* resume = add_run_flags(app);
    CLI::Option* find_lr = add_series_flags(app, resume);
    fields(request_.session, FlagBinder(app, request_.session_given, kRunGroup));
    app.callback([this, resume, find_lr, &app] {
      finds_lr_ = find_lr->count() > 0;
      request_.resumes = resume->count() > 0;
      request_.budget_is_asked = app.count("--budget") > 0 && budget_ != "none";
      if (request_.data.empty() && !request_.resumes) throw CLI::RequiredError("--data");
    });
    const Json with_base = recipe_to_json(recipe_for_help(kDefaultTransferRecipe));
    FlagBinder data(app, data_given_, "Photos");
    fields(data_, data.on_a_backbone(with_base["data"]));
    FlagBinder train(app, train_given_, "Training");
    fields(train_, train.on_a_backbone(with_base["train"]));
    fields(transfer_, FlagBinder(app, transfer_given_, "Pretrained backbone"));
    fields(request_.run, FlagBinder(app, request_.run_given, "This machine"));
  }

  int run(const Engine& engine, Console& console) {
    request_.overrides = {
        {"data", data_given_}, {"train", train_given_}, {"transfer", transfer_given_}, {"model", model_given()}};
    if (!augment_.is_null()) request_.overrides["augment"] = augment_;
    if (budget_ == "none")
      request_.budget_minutes.reset();
    else
      request_.budget_minutes = std::stod(budget_);
    Console::outlive_terminal();
    const std::optional<Launch> launch = launch_from_environment();
    if (launch && (finds_lr_ || series_.any()))
      throw UsageError(std::string(finds_lr_ ? "--find-lr" : "--repeat and --sweep") + ": several processes (" +
                       launch->by + ") share one training only; start this in one process");
    if (console.leaves_words_to_rank_0()) return train_beside(engine, console);
    if (json_) console.write_events();
    if (finds_lr_) return find_lr(engine, console);
    if (series_.any()) return train_series(engine, console, request_, series_);
    const TrainResult result = engine.train(request_, console);
    console.clear_bar();
    console.event(end_event(result));
    if (!json_ && result.profile) print(profile_text(*result.profile, result.run));
    if (!json_ && result.metrics.is_object()) print(training_summary(result));
    console.finish_events();
    if (result.metrics.is_object()) return static_cast<int>(ExitCode::kDone);
    throw Error(unfinished_text(result), result.interrupted ? ExitCode::kInterrupted : ExitCode::kFailed);
  }

 private:
  static constexpr const char* kRunGroup = "The run";

  static void say_what_it_is(CommandApp& app) {
    app.about(
        "Plain train finds out by itself how the photos are best trained on. Who says how, by --recipe, --epochs, --lr "
        "and the like, gets that; the defaults below are for then.");
    app.synopsis("--data DIR|FILE [FLAGS]");
    app.common({"--data", "--budget", "--base", "--recipe", "--from", "--augment", "--json", "--name", "--resume",
                "--imgsz", "--valid", "--epochs", "--batch", "--optimizer", "--lr", "--patience", "--seed"});
    app.example("cvtool train --data photos", "in ten minutes at most");
    app.example("cvtool train --data photos --base none --epochs 30", "a net from scratch");
    app.example("cvtool train --resume", "go on with the last run");
  }

  void add_main_flags(CommandApp& app) {
    app.add_option("--data", request_.data,
                   "folder of photos, a folder per class, an archive of one (.zip, .tar) or a CSV file; "
                   "DIR/train/CLASS/... and "
                   "DIR/valid/CLASS/... where it is split; required but with --resume")
        ->type_name("DIR|FILE");
    app.add_option("--budget", budget_,
                   "minutes for finding out how to train, and that training; none: as long as it pays; of no matter "
                   "where a flag or recipe says how (default: " +
                       budget_ + ")")
        ->type_name("MINUTES|none")
        ->check(is_budget);
    app.add_option("--base", backbone_,
                   "pretrained backbone, frozen; auto: one that is there, else mobilenet_v2 is fetched once; none: a "
                   "net from scratch; else the name of an imported one or a TorchScript file (default: auto, or the "
                   "recipe's)")
        ->type_name("auto|none|BASE");
    app.add_flag("--offline", request_.offline, "fetch no pretrained backbone; CVTOOL_OFFLINE=1 and CI=1 say the same");
    app.add_option("--recipe", request_.recipe, "a name or a JSON file (default: small-resnet, on a backbone transfer)")
        ->type_name("RECIPE");
    app.add_option_function<std::string>(
           "--head", [this](const std::string& text) { head_ = layers_from_text(text, "--head"); },
           "layers behind the base, such as global_avg,dropout:0.2,dense; words: " + head_words_help() +
               " (default: the recipe's)")
        ->type_name("LAYERS,...");
    app.add_option("--preprocess", preprocess_, "how pixels reach the net (default: as the base or the recipe says)")
        ->type_name("none|unit|symmetric|imagenet|caffe");
    app.add_option("--from", request_.from, "train the net of this run or model file on")->type_name("RUN");
    add_augment_flag(app, augment_, "the recipe's");
    app.add_flag("--json", json_, "print events as JSON Lines; start, each epoch, end with the result");
  }

  // Returns that of --resume.
  CLI::Option* add_run_flags(CommandApp& app) {
    app.add_option("--project", request_.project, "folder of the runs (default: runs)")
        ->type_name("DIR")
        ->group(kRunGroup);
    app.add_option("--name", request_.name, "the run's folder in the project (default: train, train2, ...)")
        ->type_name("NAME")
        ->group(kRunGroup);
    CLI::Option* resume =
        app.add_option("--resume", request_.resume,
                       "go on with a run that was stopped; bit for bit as if it had not been (default: the newest)")
            ->type_name("[RUN]")
            ->expected(0, 1)
            ->group(kRunGroup);
    app.add_flag("--force", request_.force, "go on even where a changed setting changes the result")
        ->needs(resume)
        ->group(kRunGroup);
    return resume;
  }

  // Returns that of --find-lr.
  CLI::Option* add_series_flags(CommandApp& app, CLI::Option* resume) {
    CLI::Option* find = app.add_option("--find-lr", lr_picture_,
                                       "instead of training, try learning rates from 1e-7 to 10, draw the loss against "
                                       "them and name one (default: find-lr.png)")
                            ->type_name("[FILE]")
                            ->expected(0, 1)
                            ->group(kRunGroup)
                            ->excludes(resume);
    app.add_option("--repeat", series_.repeat, "train with so many seeds, and print mean and spread (default: 1)")
        ->type_name("N")
        ->group(kRunGroup)
        ->check(in_range(1, 1000))
        ->excludes(resume)
        ->excludes(find);
    app.add_option("--sweep", series_.sweep,
                   "train every combination of values, such as lr=1e-4,1e-3 batch=32,64, and print a sorted table")
        ->type_name("KEY=A,B...")
        ->group(kRunGroup)
        ->expected(1, 100)
        ->excludes(resume)
        ->excludes(find);
    return find;
  }

  // What there is to say is said by rank 0.
  int train_beside(const Engine& engine, Console& console) {
    const bool interrupted = engine.train(request_, console).interrupted;
    return static_cast<int>(interrupted ? ExitCode::kInterrupted : ExitCode::kDone);
  }

  int find_lr(const Engine& engine, Console& console) {
    if (lr_picture_.empty()) lr_picture_ = "find-lr.png";
    const LrFinding found = engine.find_lr(request_, lr_picture_, console);
    console.clear_bar();
    const std::string lr = Json(found.lr).dump();
    print(json_ ? text_from_json(found)
                : "the loss falls fastest at a learning rate of " + lr + "\nwrote " + lr_picture_ +
                      "\nnext: the same command with --lr " + lr + " instead of --find-lr\n");
    return static_cast<int>(ExitCode::kDone);
  }

  Json model_given() const {
    Json given = Json::object();
    if (!backbone_.empty()) given["base"] = backbone_;
    if (!head_.is_null()) given["layers"] = head_;
    if (!preprocess_.empty()) given["preprocess"] = preprocess_;
    return given;
  }

  TrainRequest request_;
  DataConfig data_;
  TrainConfig train_;
  TransferConfig transfer_;
  std::string backbone_, preprocess_;
  std::string budget_ = "10";
  Json head_;
  Json augment_;  // null: the recipe's
  Json data_given_ = Json::object(), train_given_ = Json::object(), transfer_given_ = Json::object();
  bool json_ = false, finds_lr_ = false;
  std::string lr_picture_;
  SeriesOptions series_;
};

}  // namespace

Command make_train(CommandApp& app) { return command_of<TrainCommand>(app); }

}  // namespace cvtool
