#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/device.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "base/version.h"
#include "engine/batch_sheet.h"
#include "engine/history_csv.h"
#include "engine/jobs.h"
#include "engine/figures.h"
#include "engine/phases.h"
#include "engine/photos.h"
#include "engine/recipe.h"
#include "engine/run_directory.h"
#include "engine/summary.h"
#include "model/model_file.h"
#include "report/curves.h"
#include "train/losses.h"
#include "train/optimizer.h"
#include "train/trainer.h"

namespace cvtool {
namespace {

// While alive, everything that is logged also goes to RUN/log.txt.
class RunLog {
 public:
  explicit RunLog(const std::string& path) : sink_(std::make_shared<spdlog::sinks::basic_file_sink_mt>(path)) {
    sink_->set_pattern("%Y-%m-%d %H:%M:%S %l: %v");
    spdlog::default_logger()->sinks().push_back(sink_);
  }
  ~RunLog() {
    auto& sinks = spdlog::default_logger()->sinks();
    for (size_t i = 0; i < sinks.size(); ++i)
      if (sinks[i] == sink_) {
        sinks.erase(sinks.begin() + static_cast<std::ptrdiff_t>(i));
        break;
      }
  }
  // A full disk ends a run where the model cannot be written, not where its log cannot.
  void line(const std::string& text) {
    try {
      sink_->log(spdlog::details::log_msg("", spdlog::level::info, text));
      sink_->flush();
    } catch (const spdlog::spdlog_ex&) {
      return;
    }
  }

 private:
  std::shared_ptr<spdlog::sinks::basic_file_sink_mt> sink_;
};

std::string values_text(const EpochReport& report) {
  std::string text = "epoch " + std::to_string(report.epoch) + "/" + std::to_string(report.epochs);
  for (const auto& [name, value] : report.values) text += " " + name + " " + fixed(value, name == "lr" ? 6 : 4);
  return text + (report.best ? " (best)" : "");
}

// One `cvtool train` from request to result.
class TrainJob {
 public:
  TrainJob(const TrainRequest& request, Observer& observer) : request_(request), observer_(observer) {}

  TrainResult run() {
    resolve();
    open_data();
    compile();
    begin_run_directory();
    RunLog log(run_ + "/log.txt");
    log_ = &log;
    TrainResult result;
    result.run = run_;
    const TrainingOutcome outcome = train();
    result.best_epoch = outcome.best_epoch;
    result.interrupted = outcome.interrupted;
    if (outcome.best_epoch > 0 && !outcome.interrupted) result.metrics = final_figures();
    return result;
  }

 private:
  void resolve() {
    if (request_.from.empty())
      recipe_ = load_recipe(chosen_recipe(), request_.overrides);
    else
      recipe_ = recipe_of_source();
    recipe_.train = with_optimizer_defaults(recipe_.train);
    device_ = device_from_text(request_.run.device);
    prepare_process(static_cast<int>(request_.run.threads));
    std::string why;
    precision_asked_ = recipe_.train.precision != "auto";
    precision_ = precision_from_text(recipe_.train.precision, device_, why);
    recipe_.train.precision = precision_ == at::kFloat ? "fp32" : "bf16";
    precision_why_ = recipe_.train.precision + ": " + why;
  }

  std::string chosen_recipe() const {
    if (!request_.recipe.empty()) return request_.recipe;
    return request_.overrides.value("model", Json::object()).contains("base") ? kDefaultTransferRecipe : kDefaultRecipe;
  }

  // --from: the net goes on as it is, so its own recipe holds.
  Recipe recipe_of_source() {
    if (!request_.recipe.empty()) throw UsageError("--from takes the recipe of that run; leave --recipe out");
    if (!request_.overrides.value("model", Json::object()).empty())
      throw UsageError("--from trains the net of that run on; leave --base, --head and --preprocess out");
    const std::string path = model_path(request_.from);
    source_ = load_model(path);
    Recipe recipe = recipe_from_json(source_->info.at("recipe"), path + ": ");
    override_recipe(request_.overrides, recipe);
    return recipe;
  }

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
    warn_of_leakage(train_, valid_);
    spdlog::info("{}: {} and {} of {}: {}", request_.data,
                 counted(static_cast<int64_t>(train_.store->samples().size()), "training photo"),
                 counted(valid_.store ? static_cast<int64_t>(valid_.store->samples().size()) : 0, "validation photo"),
                 counted(static_cast<int64_t>(dataset_.classes.size()), "class"), join(dataset_.classes, ", "));
  }

  void compile() {
    if (source_)
      net_ = net_of(*source_, recipe_.data.imgsz);
    else
      net_ = compile_net(recipe_.model, {recipe_.data.imgsz, static_cast<int64_t>(dataset_.classes.size()), static_cast<uint64_t>(recipe_.train.seed)});
    check_transfer(recipe_.transfer, net_);
    net_.module.to(device_);
    use_channels_last(net_.module);
    choose_fine_tuning_precision();
    recipe_.train.loss = resolve_loss(recipe_.train.loss, net_.units);
    model_info_ = {{"format", kModelFormat},
                   {"tool", std::string("cvtool ") + kVersion},
                   {"libtorch", torch_version()},
                   {"classes", dataset_.classes},
                   {"imgsz", recipe_to_json(recipe_)["data"]["imgsz"]},
                   {"recipe", recipe_to_json(recipe_)},
                   {"base", net_.base},
                   {"summary", source_ ? source_->info.at("summary") : summary_json(net_.rows)},
                   {"data", {{"layout", dataset_.layout}, {"digest", train_.store->digest()}, {"marks", marks_of(dataset_)}}}};
  }

  // A base made elsewhere may hold an operation without a gradient in half the bits.
  void choose_fine_tuning_precision() {
    if (recipe_.transfer.fine_tune == "none" || precision_ == at::kFloat) return;
    const std::string trouble = training_trouble(net_, recipe_.data.imgsz, device_, precision_);
    if (trouble.empty()) return;
    if (precision_asked_) throw UsageError("--precision " + recipe_.train.precision + ": the base cannot be fine-tuned in it (" + trouble + "); use --precision fp32");
    precision_ = at::kFloat;
    recipe_.train.precision = "fp32";
    precision_why_ = "fp32: the base cannot be fine-tuned in bfloat16 (" + trouble + ")";
  }

  void begin_run_directory() {
    run_ = make_run_directory(request_.project, request_.name);
    Json config = recipe_to_json(recipe_);
    config["run"] = {{"data", request_.data},
                     {"device", device_.str()},
                     {"threads", at::get_num_threads()},
                     {"tool", model_info_["tool"]},
                     {"libtorch", torch_version()}};
    write_file_atomically(run_ + "/config.json", config.dump(2) + "\n");
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

  TrainingOutcome train() {
    spdlog::info("{}: {} parameters, {} on {}, {}", recipe_.name, with_thousands(model_info_["summary"]["total"].get<int64_t>()),
                 recipe_.train.optimizer, device_.str(), precision_why_);
    log_->line("recipe " + recipe_to_json(recipe_).dump());
    TrainingRun training;
    training.units = net_.units;
    training.config = recipe_.train;
    training.phases = training_phases({recipe_, net_, static_cast<int64_t>(dataset_.classes.size()), *train_.store, valid_.store.get(), device_, precision_, observer_});
    training.device = device_;
    training.precision = precision_;
    training.observer = &observer_;
    training.after_epoch = [this](const EpochReport& report) { after_epoch(report); };
    try {
      return train_net(training);
    } catch (const Error& error) {
      if (best_epoch_ == 0) throw;
      throw Error(std::string(error.what()) + "; the best model so far (epoch " + std::to_string(best_epoch_) + ") is kept in " + run_ + "/best.pt",
                  error.code());
    }
  }

  void after_epoch(const EpochReport& report) {
    history_.push_back(report);
    log_->line(values_text(report));
    ModelFile model;
    model.module = net_.module;
    if (device_.is_cuda()) {
      model.module = net_.module.deepcopy();
      model.module.to(at::kCPU);
    }
    model.info = model_info_;
    model.info["epoch"] = report.epoch;
    for (const auto& [name, value] : report.values)
      if (name != "seconds" && name != "images_per_second") model.info["metrics"][name] = value;
    add_golden_sample(model, golden_picture());
    save_model(run_ + "/last.pt", model);
    if (report.best) {
      save_model(run_ + "/best.pt", model);
      if (best_epoch_ == 0) mark_latest(run_);
      best_epoch_ = report.epoch;
    }
    write_file_atomically(run_ + "/history.csv", history_csv(history_));
    write_curves();
  }

  void write_curves() {
    History history = history_from_csv(history_csv(history_));
    history.best_epoch = best_epoch_;
    write_curves_png(run_ + "/curves.png", history);
  }

  at::Tensor golden_picture() const {
    const PhotoStore& store = valid_.store ? *valid_.store : *train_.store;
    Batch batch;
    Loader loader(store, {0}, 1);
    loader.next(batch);
    return batch.pixels;
  }

  // What eval gives for best.pt.
  Json final_figures() {
    const PhotoStore& store = valid_.store ? *valid_.store : *train_.store;
    const ModelFile best = load_model(run_ + "/best.pt");
    const Predictor predictor(best.module, device_, at::kFloat);
    const Outputs outputs = outputs_of(predictor, store, {recipe_.train.loss, 64}, observer_);
    Json metrics = figures_json(outputs, dataset_.classes);
    write_file_atomically(run_ + "/metrics.json",
                          Json{{"model", run_ + "/best.pt"}, {"split", valid_.store ? "valid" : "train"}, {"metrics", metrics}}.dump(2) + "\n");
    return metrics;
  }

  const TrainRequest& request_;
  Observer& observer_;
  Recipe recipe_;
  at::Device device_ = at::kCPU;
  at::ScalarType precision_ = at::kFloat;
  std::string precision_why_;
  bool precision_asked_ = false;
  Dataset dataset_;
  OpenedSplit train_, valid_;
  std::optional<ModelFile> source_;  // what --from names
  Net net_;
  Json model_info_;
  std::string run_;
  RunLog* log_ = nullptr;
  std::vector<EpochReport> history_;
  int64_t best_epoch_ = 0;
};

}  // namespace

TrainResult train_job(const TrainRequest& request, Observer& observer) { return TrainJob(request, observer).run(); }

}  // namespace cvtool
