#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/device.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "base/version.h"
#include "data/augment/augment.h"
#include "engine/advice.h"
#include "engine/batch_sheet.h"
#include "engine/class_weights.h"
#include "engine/evaluation.h"
#include "engine/jobs.h"
#include "engine/phases.h"
#include "engine/photos.h"
#include "engine/recipe.h"
#include "engine/run_directory.h"
#include "engine/run_files.h"
#include "engine/run_log.h"
#include "engine/summary.h"
#include "engine/train_settings.h"
#include "engine/training_events.h"
#include "model/model_file.h"
#include "report/lr_picture.h"
#include "train/losses.h"
#include "train/lr_finder.h"
#include "train/stopping.h"
#include "train/trainer.h"

namespace cvtool {
namespace {

// One `cvtool train` from request to result.
class TrainJob {
 public:
  TrainJob(const TrainRequest& request, Observer& observer) : request_(request), observer_(observer), settings_(resolve_settings(request_)) {}

  TrainResult run() {
    open_data();
    compile();
    begin_run_directory();
    RunLog log(run_ + "/log.txt");
    log_ = &log;
    return result_of(train());
  }

  // See Engine::find_lr.
  Json find_lr(const std::string& picture) {
    constexpr int64_t kSteps = 100;
    open_data();
    compile();
    const LrCurve curve = cvtool::find_lr(training_run(), kSteps);
    write_lr_png(picture, curve.rates, curve.losses, curve.suggested);
    return {{"lr", curve.suggested}, {"rates", curve.rates}, {"losses", curve.losses}, {"picture", picture}};
  }

 private:
  void open_data() {
    dataset_ = find_dataset(request_.data, recipe_.data, static_cast<uint64_t>(recipe_.train.seed));
    recipe_.data.classes = dataset_.classes;
    for (const std::string& note : dataset_.notes) spdlog::warn("{}", note);
    // In proportion to the photos, so that the budget holds all of them or none.
    const auto photos = static_cast<double>(std::max<size_t>(1, dataset_.train.size() + dataset_.valid.size()));
    const double train_share = static_cast<double>(dataset_.train.size()) / photos;
    train_ = open_split({dataset_.root, "train", dataset_.train, train_share}, recipe_.data, request_.run, observer_);
    valid_ = open_split({dataset_.root, "valid", dataset_.valid, 1 - train_share}, recipe_.data, request_.run, observer_);
    if (!train_.store) throw DataError(request_.data + ": no photos are left to train on; lower --valid and --test");
    const std::string leakage = leakage_text(copies_in_training(train_, valid_), "valid");
    if (!leakage.empty()) spdlog::warn("{}", leakage);
    spdlog::info("{}: {} and {} of {}: {}", request_.data,
                 counted(static_cast<int64_t>(train_.store->samples().size()), "training photo"),
                 counted(valid_.store ? static_cast<int64_t>(valid_.store->samples().size()) : 0, "validation photo"),
                 counted(static_cast<int64_t>(dataset_.classes.size()), "class"), join(dataset_.classes, ", "));
  }

  void compile() {
    if (settings_.source)
      net_ = net_of(*settings_.source, input_size(recipe_));
    else
      net_ = compile_net(recipe_.model, {input_size(recipe_), static_cast<int64_t>(dataset_.classes.size()), static_cast<uint64_t>(recipe_.train.seed)});
    check_transfer(recipe_.transfer, net_);
    net_.module.to(device_);
    use_channels_last(net_.module);
    choose_fine_tuning_precision();
    recipe_.train.loss = resolve_loss(recipe_.train.loss, net_.units);
    class_weights_ = class_weights_tensor(recipe_.train.class_weights, dataset_.classes, train_.store->samples());
    recipe_.train.stopping.monitor = resolve_monitor(recipe_.train.stopping.monitor, valid_.store != nullptr);
    model_info_ = {{"format", kModelFormat},
                   {"tool", std::string("cvtool ") + kVersion},
                   {"libtorch", torch_version()},
                   {"classes", dataset_.classes},
                   {"imgsz", input_size_json(recipe_)},
                   {"recipe", recipe_to_json(recipe_)},
                   {"base", net_.base},
                   {"summary", settings_.source ? settings_.source->info.at("summary") : summary_json(net_.rows)},
                   {"data", {{"layout", dataset_.layout}, {"digest", train_.store->digest()}, {"marks", marks_of(dataset_.root, train_.store->samples())}}}};
  }

  // A base made elsewhere may hold an operation without a gradient in half the bits.
  void choose_fine_tuning_precision() {
    if (recipe_.transfer.fine_tune == "none" || settings_.precision == at::kFloat) return;
    const std::string trouble = training_trouble(net_, input_size(recipe_), device_, settings_.precision);
    const std::string asked = recipe_.train.precision;
    if (trouble.empty()) return;
    if (settings_.precision_asked) throw UsageError("--precision " + asked + ": the base cannot be fine-tuned in it (" + trouble + "); use --precision fp32");
    settings_.precision = at::kFloat;
    recipe_.train.precision = "fp32";
    settings_.precision_why = "fp32: the base cannot be fine-tuned in " + asked + " (" + trouble + ")";
  }

  void begin_run_directory() {
    Json config = recipe_to_json(recipe_);
    identity_ = {{"settings", identifying_settings(config)},
                 {"photos", train_.store->digest() + (valid_.store ? " " + valid_.store->digest() : "")},
                 {"base", net_.base.is_object() ? net_.base.value("sha256", Json()) : Json()},
                 {"device", device_.str()},
                 {"threads", at::get_num_threads()},
                 {"libtorch", torch_version()}};
    if (settings_.stopped) {
      state_ = state_to_resume(*settings_.stopped, identity_, request_.force);
      run_ = settings_.stopped->folder;
      refuse_finished();
      remove_half_written(run_);
    } else {
      run_ = make_run_directory(request_.project, request_.name);
    }
    Json session;
    write_fields(request_.session, session);
    session.erase("time_limit");
    // Absolute: the run may be resumed from another folder.
    config["run"] = {{"data", std::filesystem::absolute(request_.data).lexically_normal().string()},
                     {"from", settings_.from},
                     {"device", device_.str()},
                     {"threads", at::get_num_threads()},
                     {"max_pixels", request_.run.max_pixels},
                     {"session", session},
                     {"tool", model_info_["tool"]},
                     {"libtorch", torch_version()}};
    write_file_atomically(run_ + "/config.json", text_from_json(config));
    const Json data{{"root", dataset_.root},
                    {"layout", dataset_.layout},
                    {"classes", dataset_.classes},
                    {"digest", train_.store->digest()},
                    {"train", split_json(train_, dataset_.classes)},
                    {"valid", split_json(valid_, dataset_.classes)},
                    {"notes", dataset_.notes}};
    write_file_atomically(run_ + "/data.json", text_from_json(data, 1));
    write_train_batch(run_ + "/train_batch.jpg", recipe_, *train_.store);
  }

  bool all_epochs_done() const {
    const StoppingConfig& stopping = recipe_.train.stopping;
    return state_.epoch > recipe_.train.epochs ||
           (stopping.patience > 0 && epochs_without_improvement(state_.history, stopping) >= stopping.patience);
  }

  // metrics.json is the last file that a run writes.
  void refuse_finished() const {
    const std::string metrics = run_ + "/metrics.json";
    if (!std::filesystem::exists(metrics)) return;
    if (all_epochs_done())
      throw UsageError("--resume " + run_ + ": the run is finished, " + counted(static_cast<int64_t>(state_.history.size()), "epoch") +
                       "; to train on, raise --epochs or --patience");
    std::error_code error;  // a folder that cannot be written to is told of when config.json is
    std::filesystem::remove(metrics, error);
  }

  // What is trained; where it is saved is left open.
  TrainingRun training_run() {
    TrainingRun training;
    training.units = net_.units;
    training.config = recipe_.train;
    training.loss = {recipe_.train.loss, recipe_.train.label_smoothing, recipe_.train.focal_gamma,
                     class_weights_.defined() ? class_weights_.to(device_) : at::Tensor()};
    training.phases = training_phases({recipe_, net_, static_cast<int64_t>(dataset_.classes.size()), *train_.store, valid_.store.get(), device_, settings_.precision, observer_});
    training.device = device_;
    training.precision = settings_.precision;
    training.time_limit_s = request_.session.time_limit * 60;
    training.checkpoint_every_s = request_.session.checkpoint_minutes * 60;
    training.observer = &observer_;
    return training;
  }

  TrainingEnd train() {
    spdlog::info("{}: {} parameters, {} on {}, {}", recipe_.name, with_thousands(model_info_["summary"]["total"].get<int64_t>()),
                 recipe_.train.optimizer, device_.str(), settings_.precision_why);
    if (!recipe_.augment.empty()) spdlog::info("augmented by {}", augment_text(recipe_.augment));
    log_->line("recipe " + recipe_to_json(recipe_).dump());
    observer_.event({{"event", "start"},
                     {"run", run_},
                     {"resumed", settings_.stopped.has_value()},
                     {"epoch", state_.epoch},
                     {"classes", dataset_.classes},
                     {"train", train_.store->samples().size()},
                     {"valid", valid_.store ? valid_.store->samples().size() : 0},
                     {"parameters", model_info_["summary"]["total"]},
                     {"precision", recipe_.train.precision},
                     {"recipe", recipe_to_json(recipe_)}});
    RunFiles files({run_, model_info_, identity_, golden_picture()}, net_);
    std::optional<TrainingEvents> events;
    if (request_.session.tensorboard) events.emplace(run_, state_.epoch);
    TrainingRun training = training_run();
    training.save = [&](const TrainingState& state) { files.save(state); };
    training.after_epoch = [&](const TrainingState& state, bool last) {
      log_->epoch(state.history.back());
      if (events) events->epoch(state.history.back());
      files.after_epoch(state, last);
      if (const std::string warning = learned_nothing(state.history, majority_share()); !warning.empty()) spdlog::warn("{}", warning);
    };
    try {
      const TrainingEnd end = all_epochs_done() ? TrainingEnd::kDone : train_net(training, state_);
      files.catch_up(state_);
      return end;
    } catch (const Error& error) {
      if (error.code() != ExitCode::kInterrupted) throw Error(error.what() + what_is_left(files), error.code());
      files.catch_up(state_);
      return TrainingEnd::kInterrupted;
    }
  }

  // After a failure. The disk may be full.
  std::string what_is_left(RunFiles& files) const {
    try {
      files.catch_up(state_);
    } catch (const Error&) {
      return std::filesystem::exists(run_ + "/" + kCheckpointFile) ? "; then go on with: " + resume_command() : "";
    }
    return state_.best.epoch == 0 ? "" : "; the best model so far (epoch " + std::to_string(state_.best.epoch) + ") is kept in " + run_ + "/best.pt";
  }

  std::string resume_command() const { return "cvtool train --resume " + shell_word(run_); }

  // Of the training photos that are of the largest class.
  double majority_share() const {
    std::vector<int64_t> counts(dataset_.classes.size());
    for (const Sample& sample : train_.store->samples()) ++counts.at(static_cast<size_t>(sample.label));
    return static_cast<double>(*std::max_element(counts.begin(), counts.end())) / static_cast<double>(train_.store->samples().size());
  }

  at::Tensor golden_picture() const {
    const PhotoStore& store = valid_.store ? *valid_.store : *train_.store;
    Batch batch;
    Loader loader(store, {0}, 1);
    loader.next(batch);
    const Augmenter augmenter(recipe_.augment, 0, static_cast<int64_t>(dataset_.classes.size()));
    return augmenter.at_rest(batch.pixels).to(at::kByte);
  }

  TrainResult result_of(TrainingEnd end) {
    TrainResult result;
    result.run = run_;
    result.seed = recipe_.train.seed;
    result.best_epoch = state_.best.epoch;
    result.epochs = static_cast<int64_t>(state_.history.size());
    for (const EpochReport& report : state_.history) result.seconds += value_of(report, "seconds");
    result.interrupted = end == TrainingEnd::kInterrupted;
    if (end == TrainingEnd::kInterrupted || end == TrainingEnd::kTimeLimit) result.resume = resume_command();
    if (end == TrainingEnd::kNoImprovement)
      result.notes.push_back("stopped early: " + recipe_.train.stopping.monitor + " has not improved for " + counted(recipe_.train.stopping.patience, "epoch"));
    if (end == TrainingEnd::kTimeLimit) result.notes.push_back("stopped in epoch " + std::to_string(state_.epoch) + ": the time is over");
    if (const std::string note = overfitting(state_.history); !note.empty()) result.notes.push_back(note);
    if (result.best_epoch > 0 && !result.interrupted) result.metrics = final_figures();
    return result;
  }

  // What eval gives for best.pt, and its files.
  Json final_figures() {
    const OpenedSplit& split = valid_.store ? valid_ : train_;
    const ModelFile best = load_model(run_ + "/best.pt");
    const PhotoPredictor predictor({best.module, device_, at::kFloat}, recipe_);
    EvaluationSubject subject;
    subject.model = run_ + "/best.pt";
    subject.info = best.info;
    subject.data = request_.data;
    subject.split = split.name;
    subject.root = dataset_.root;
    subject.skipped = split.skipped;
    subject.notes = dataset_.notes;
    subject.copies = copies_in_training(train_, valid_);
    subject.device = device_.str();
    subject.precision = "fp32";
    subject.heat = heat_view_of(best, predictor, recipe_, device_);
    const Evaluation evaluation = evaluate(subject, outputs_of(predictor, *split.store, {recipe_.train.loss, 64}, observer_));
    write_evaluation(run_, subject, evaluation);
    return evaluation.document["metrics"];
  }

  TrainRequest request_;
  Observer& observer_;
  TrainSettings settings_;
  Recipe& recipe_ = settings_.recipe;
  const at::Device device_ = settings_.device;
  Dataset dataset_;
  OpenedSplit train_, valid_;
  Net net_;
  at::Tensor class_weights_;  // see TrainingLoss
  Json model_info_, identity_;
  std::string run_;
  RunLog* log_ = nullptr;
  TrainingState state_;
};

}  // namespace

TrainResult train_job(const TrainRequest& request, Observer& observer) { return TrainJob(request, observer).run(); }

Json find_lr_job(const TrainRequest& request, const std::string& picture, Observer& observer) { return TrainJob(request, observer).find_lr(picture); }

}  // namespace cvtool
