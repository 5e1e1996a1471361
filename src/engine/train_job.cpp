#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "augment/augment.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/shell_word.h"
#include "base/text.h"
#include "base/version.h"
#include "data/photos.h"
#include "engine/jobs.h"
#include "engine/summary.h"
#include "engine/train_settings.h"
#include "engine/training_data.h"
#include "evaluate/evaluation.h"
#include "model/model_file.h"
#include "report/lr_picture.h"
#include "run/batch_sheet.h"
#include "run/run_directory.h"
#include "run/run_files.h"
#include "run/run_log.h"
#include "run/training_events.h"
#include "spec/recipe.h"
#include "torch/device.h"
#include "train/advice.h"
#include "train/class_weights.h"
#include "train/losses.h"
#include "train/lr_finder.h"
#include "train/phases.h"
#include "train/stopping.h"
#include "train/trainer.h"

namespace cvtool {
namespace {

// One `cvtool train` from request to result.
class TrainJob {
 public:
  TrainJob(const TrainRequest& request, Observer& observer)
      : request_(request), observer_(observer), settings_(resolve_settings(request_)) {}

  TrainResult run() {
    open_data();
    compile();
    begin_run_directory();
    RunLog log(run_ + "/log.txt");
    log_ = &log;
    return result_of(train());
  }

  // See Engine::find_lr.
  LrFinding find_lr(const std::string& picture) {
    constexpr int64_t kSteps = 100;
    open_data();
    compile();
    const LrCurve curve = cvtool::find_lr(training_run(), kSteps);
    write_lr_png(picture, curve.rates, curve.losses, curve.suggested);
    return {curve.suggested, curve.rates, curve.losses, picture};
  }

 private:
  void open_data() { data_ = open_training_data(request_, recipe_, observer_); }

  void compile() {
    if (settings_.source)
      net_ = net_of(*settings_.source, input_size(recipe_));
    else
      net_ = compile_net(recipe_.model, {input_size(recipe_), static_cast<int64_t>(data_.found.classes.size()),
                                         static_cast<uint64_t>(recipe_.train.seed)});
    check_transfer(recipe_.transfer, net_);
    net_.module.to(device_);
    use_channels_last(net_.module);
    choose_fine_tuning_precision();
    recipe_.train.loss = resolve_loss(recipe_.train.loss, net_.units);
    class_weights_ =
        class_weights_tensor(recipe_.train.class_weights, data_.found.classes, data_.train.store->samples());
    recipe_.train.stopping.monitor = resolve_monitor(recipe_.train.stopping.monitor, data_.valid.store != nullptr);
    model_info_ = {{"format", kModelFormat},
                   {"tool", std::string("cvtool ") + kVersion},
                   {"libtorch", torch_version()},
                   {"classes", data_.found.classes},
                   {"imgsz", input_size_json(recipe_)},
                   {"recipe", recipe_to_json(recipe_)},
                   {"base", net_.base},
                   {"summary", settings_.source ? settings_.source->info.at("summary") : Json(layer_table(net_.rows))},
                   {"data",
                    {{"layout", data_.found.layout},
                     {"digest", data_.train.store->digest()},
                     {"marks", marks_of(data_.found.root, data_.train.store->samples())}}}};
  }

  // A base made elsewhere may hold an operation without a gradient in half the bits.
  void choose_fine_tuning_precision() {
    if (recipe_.transfer.fine_tune == "none" || settings_.precision == at::kFloat) return;
    const std::string trouble = training_trouble(net_, input_size(recipe_), device_, settings_.precision);
    const std::string asked = recipe_.train.precision;
    if (trouble.empty()) return;
    if (settings_.precision_asked)
      throw UsageError("--precision " + asked + ": the base cannot be fine-tuned in it (" + trouble +
                       "); use --precision fp32");
    settings_.precision = at::kFloat;
    recipe_.train.precision = "fp32";
    settings_.precision_why = "fp32: the base cannot be fine-tuned in " + asked + " (" + trouble + ")";
  }

  void begin_run_directory() {
    Json config = recipe_to_json(recipe_);
    identity_ = {{"settings", identifying_settings(config)},
                 {"photos", data_.train.store->digest() + (data_.valid.store ? " " + data_.valid.store->digest() : "")},
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
    write_file_atomically(run_ + "/data.json", text_from_json(training_data_json(data_), 1));
    write_train_batch(run_ + "/train_batch.jpg", recipe_, *data_.train.store);
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
      throw UsageError("--resume " + run_ + ": the run is finished, " +
                       counted(static_cast<int64_t>(state_.history.size()), "epoch") +
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
    training.phases =
        training_phases({recipe_, net_, static_cast<int64_t>(data_.found.classes.size()), *data_.train.store,
                         data_.valid.store.get(), device_, settings_.precision, observer_});
    training.device = device_;
    training.precision = settings_.precision;
    training.time_limit_s = request_.session.time_limit * 60;
    training.checkpoint_every_s = request_.session.checkpoint_minutes * 60;
    training.observer = &observer_;
    return training;
  }

  TrainingEnd train() {
    spdlog::info("{}: {} parameters, {} on {}, {}", recipe_.name,
                 with_thousands(model_info_["summary"]["total"].get<int64_t>()), recipe_.train.optimizer, device_.str(),
                 settings_.precision_why);
    if (!recipe_.augment.empty()) spdlog::info("augmented by {}", augment_text(recipe_.augment));
    log_->line("recipe " + recipe_to_json(recipe_).dump());
    observer_.event({{"event", "start"},
                     {"run", run_},
                     {"resumed", settings_.stopped.has_value()},
                     {"epoch", state_.epoch},
                     {"classes", data_.found.classes},
                     {"train", data_.train.store->samples().size()},
                     {"valid", data_.valid.store ? data_.valid.store->samples().size() : 0},
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
      if (const std::string warning = learned_nothing(state.history, majority_share(data_)); !warning.empty())
        spdlog::warn("{}", warning);
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
    return state_.best.epoch == 0 ? ""
                                  : "; the best model so far (epoch " + std::to_string(state_.best.epoch) +
                                        ") is kept in " + run_ + "/best.pt";
  }

  std::string resume_command() const { return "cvtool train --resume " + shell_word(run_); }

  at::Tensor golden_picture() const {
    const PhotoStore& store = data_.valid.store ? *data_.valid.store : *data_.train.store;
    Batch batch;
    Loader loader(store, {0}, 1);
    loader.next(batch);
    const Augmenter augmenter(recipe_.augment, 0, static_cast<int64_t>(data_.found.classes.size()));
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
      result.notes.push_back("stopped early: " + recipe_.train.stopping.monitor + " has not improved for " +
                             counted(recipe_.train.stopping.patience, "epoch"));
    if (end == TrainingEnd::kTimeLimit)
      result.notes.push_back("stopped in epoch " + std::to_string(state_.epoch) + ": the time is over");
    if (const std::string note = overfitting(state_.history); !note.empty()) result.notes.push_back(note);
    if (result.best_epoch > 0 && !result.interrupted) add_final_figures(result);
    return result;
  }

  // What eval gives for best.pt, and its files.
  void add_final_figures(TrainResult& result) {
    const OpenedSplit& split = data_.valid.store ? data_.valid : data_.train;
    const ModelFile best = load_model(run_ + "/best.pt");
    const PhotoPredictor predictor({best.module, device_, at::kFloat}, recipe_);
    EvaluationSubject subject;
    subject.model = run_ + "/best.pt";
    subject.info = best.info;
    subject.data = request_.data;
    subject.split = split.name;
    subject.root = data_.found.root;
    subject.skipped = split.skipped;
    subject.notes = data_.found.notes;
    subject.copies = copies_in_training(data_.train, data_.valid);
    subject.device = device_.str();
    subject.precision = "fp32";
    subject.heat = heat_view_of(best, predictor, recipe_, device_);
    const Evaluation evaluation =
        evaluate(subject, outputs_of(predictor, *split.store, {recipe_.train.loss, 64}, observer_));
    write_evaluation(run_, subject, evaluation);
    result.metrics = evaluation.document["metrics"];
    result.accuracy = figure_of(evaluation, "accuracy");
    result.loss = evaluation.outputs.loss;
  }

  TrainRequest request_;
  Observer& observer_;
  TrainSettings settings_;
  Recipe& recipe_ = settings_.recipe;
  const at::Device device_ = settings_.device;
  TrainingData data_;
  Net net_;
  at::Tensor class_weights_;  // see TrainingLoss
  Json model_info_, identity_;
  std::string run_;
  RunLog* log_ = nullptr;
  TrainingState state_;
};

}  // namespace

TrainResult train_job(const TrainRequest& request, Observer& observer) { return TrainJob(request, observer).run(); }

LrFinding find_lr_job(const TrainRequest& request, const std::string& picture, Observer& observer) {
  return TrainJob(request, observer).find_lr(picture);
}

}  // namespace cvtool
