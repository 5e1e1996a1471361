#include "run/started_run.h"

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/launch.h"
#include "base/output.h"
#include "base/text.h"
#include "base/version.h"
#include "data/decode/versions.h"
#include "model/model_file.h"
#include "run/batch_sheet.h"
#include "run/run_directory.h"
#include "torch/device.h"
#include "train/phases.h"
#include "train/stopping.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

std::string tool_text() { return std::string("cvtool ") + kVersion; }

// As it is asked for when the run goes on: a card by its number only where the user has named one.
std::string device_text(const TrainPlan& plan) {
  const bool numbered = plan.request.run.device.find(':') != std::string::npos;
  return numbered ? plan.device.str() : kind_of(plan.device);
}

Json identity_of(const TrainPlan& plan, const TrainingData& data) {
  Json identity{{"settings", identifying_settings(recipe_to_json(plan.recipe))},
                {"photos", data.train.store->digest() + (data.valid.store ? " " + data.valid.store->digest() : "")},
                {"base", plan.net.backbone.is_object() ? plan.net.backbone.value("sha256", Json()) : Json()},
                {"device", kind_of(plan.device)},
                {"libtorch", torch_version()},
                {"cvtool", kVersion},
                {"decoders", decoder_versions()}};
  if (depends_on_threads(plan.recipe.transfer)) identity["threads"] = at::get_num_threads();
  return identity;
}

Json model_info(const TrainPlan& plan, const TrainingData& data) {
  return {{"format", kModelFormat},
          {"tool", tool_text()},
          {"libtorch", torch_version()},
          {"classes", plan.dataset.classes},
          {"imgsz", input_size_json(plan.recipe)},
          {"recipe", recipe_to_json(plan.recipe)},
          {"base", plan.net.backbone},
          {"summary", plan.summary},
          {"data",
           {{"layout", plan.dataset.layout},
            {"counts", counts_by_label(data.train.store->samples(), plan.dataset.classes.size())},
            {"digest", data.train.store->digest()},
            {"marks", fingerprints_of(plan.dataset.root, data.train.store->samples())}}}};
}

Json config_of(const TrainPlan& plan) {
  Json session;
  write_fields(plan.request.session, session);
  session.erase("time_limit");
  Json config = recipe_to_json(plan.recipe);
  // Absolute: the run may be resumed from another folder.
  config["run"] = {{"data", fs::absolute(plan.request.data).lexically_normal().string()},
                   {"from", plan.from},
                   {"device", device_text(plan)},
                   {"threads", at::get_num_threads()},
                   {"max_pixels", plan.request.run.max_pixels},
                   {"session", session},
                   {"tool", tool_text()},
                   {"libtorch", torch_version()}};
  // By which a launcher that starts all anew finds the run again.
  if (const auto launch = launch_from_environment(); launch && !launch->job.empty()) config["run"]["job"] = launch->job;
  if (!plan.tried.empty()) config["run"]["tried"] = plan.tried;
  if (!plan.advice.empty()) config["run"]["advice"] = plan.advice;
  return config;
}

// metrics.json is the last file that a run writes.
void refuse_finished(const StartedRun& run, const Recipe& recipe) {
  const std::string metrics = run.folder + "/metrics.json";
  if (!fs::exists(metrics)) return;
  if (all_epochs_done(recipe.train, run.state)) {
    if (recipe.transfer.probe && recipe.transfer.fine_tune == "none")
      throw UsageError(
          "--resume " + run.folder +
          ": the run is finished; its head is at its optimum, so there is nothing to train on with (--from "
          "with --fine-tune all trains its backbone too)");
    throw UsageError("--resume " + run.folder + ": the run is finished, " +
                     counted(static_cast<int64_t>(run.state.history.size()), "epoch") +
                     "; to train on, raise --epochs or --patience: " + run.resume_command() + " --epochs N");
  }
  std::error_code error;  // a folder that cannot be written to is told of when config.json is
  fs::remove(metrics, error);
}

// What the listing of the files cannot show.
void check_same_contents(const TrainPlan& plan, const Json& identity) {
  Ranks& ranks = *plan.ranks;
  ranks.check_same(identity.at("photos").dump(), "the contents of the photos", "give each machine the same files");
  ranks.check_same(identity.at("base").dump(), "the pretrained backbones", "give each machine the same file");
  ranks.check_same(identity.at("decoders").dump(), "the image libraries", "install the same ones everywhere");
  ranks.check_same(identity.dump(), "the settings", "start all with the same command line");
}

}  // namespace

std::string StartedRun::resume_command() const { return "cvtool train --resume " + shell_word(folder); }

std::shared_ptr<const FileLock> lock_run(const std::string& folder) {
  auto lock = std::make_shared<const FileLock>(folder, O_DIRECTORY, LOCK_EX | LOCK_NB);
  if (lock->refused())
    throw UsageError(folder + ": another cvtool trains into this run; wait for it, or stop it first");
  return lock;
}

StartedRun start_run(const TrainPlan& plan, const TrainingData& data) {
  StartedRun run;
  run.identity = identity_of(plan, data);
  run.model = model_info(plan, data);
  if (plan.ranks) check_same_contents(plan, run.identity);
  if (plan.ranks && !plan.ranks->is_first()) {
    run.folder = plan.ranks->from_first(std::string());
    if (plan.stopped) run.state = state_to_resume(*plan.stopped, run.identity, plan.request.force);
    return run;
  }
  if (plan.stopped) {
    run.folder = plan.stopped->folder;
    run.lock = lock_run(run.folder);
    run.state = state_to_resume(*plan.stopped, run.identity, plan.request.force);
    refuse_finished(run, plan.recipe);
    if (plan.stopped->checkpoint)
      spdlog::info("{}: going on in epoch {}{}", run.folder, run.state.epoch,
                   run.state.batches > 0 ? ", after batch " + std::to_string(run.state.batches) : "");
    remove_half_written(run.folder);
  } else {
    run.folder = make_run_directory(plan.request.project, plan.request.name);
    run.lock = lock_run(run.folder);
  }
  write_file_atomically(own_file(run.folder, "config.json"), text_from_json(config_of(plan)));
  write_file_atomically(own_file(run.folder, "data.json"), text_from_json(training_data_json(plan.dataset, data), 1));
  write_train_batch(own_file(run.folder, "train_batch.jpg"), plan.recipe, *data.train.store);
  if (plan.ranks) plan.ranks->from_first(run.folder);
  return run;
}

bool all_epochs_done(const TrainConfig& config, const TrainingState& state) {
  return state.epoch > config.epochs || out_of_patience(state.history, config.stopping);
}

}  // namespace cvtool
