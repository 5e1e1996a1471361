#include "run/train_plan.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "model/compile.h"
#include "model/model_file.h"
#include "model/predictor.h"
#include "run/run_directory.h"
#include "run/share.h"
#include "torch/device.h"
#include "torch/memory_order.h"
#include "train/losses.h"
#include "train/optimizer.h"
#include "train/phases.h"
#include "train/probe/probe_phase.h"
#include "train/schedule.h"
#include "train/stopping.h"

namespace cvtool {
namespace {

// A recipe, and the model file whose net is trained on where one is named.
struct ChosenRecipe {
  Recipe recipe;
  std::optional<ModelFile> source;
};

std::string recipe_name(const TrainRequest& request) {
  if (!request.recipe.empty()) return request.recipe;
  return request.overrides.value("model", Json::object()).contains("base") ? kDefaultTransferRecipe : kDefaultRecipe;
}

// --from: the net goes on as it is; its own recipe holds where none is given.
ChosenRecipe recipe_of_source(TrainPlan& plan) {
  const TrainRequest& request = plan.request;
  if (!request.overrides.value("model", Json::object()).empty())
    throw UsageError("--from trains the net of that run on; leave --base, --head and --preprocess out");
  const std::string path = model_path(request.from);
  ChosenRecipe chosen;
  chosen.source = load_model(path);
  require_net(path, *chosen.source, "trained on");
  plan.from = std::filesystem::canonical(path).string();
  Recipe own = recipe_from_json(chosen.source->info.at("recipe"), path + ": ");
  chosen.recipe = request.recipe.empty() ? own : load_recipe(request.recipe, request.overrides);
  if (request.recipe.empty()) override_recipe(request.overrides, chosen.recipe);
  if (chosen.recipe.data.channels != own.data.channels)
    throw UsageError("--from trains the net of that run on, which sees photos in " +
                     counted(own.data.channels, "channel") + "; leave --channels out");
  if (request.recipe.empty()) return chosen;
  if (chosen.recipe.model != own.model || input_size_json(chosen.recipe) != input_size_json(own))
    throw UsageError("--from trains the net of that run on, and the recipe " + chosen.recipe.name +
                     " has another one; leave --recipe out");
  return chosen;
}

// The net's units stand for the classes that it was trained on.
void check_classes(const ModelFile& source, const TrainPlan& plan) {
  const std::vector<std::string> known = model_classes(source.info);
  if (known == plan.dataset.classes) return;
  throw UsageError("--from: the net of " + plan.from + " tells " + printable(join(known, ", ")) + " apart, and " +
                   plan.request.data + " holds " + printable(join(plan.dataset.classes, ", ")) +
                   "; train on the same classes, or a new net without --from");
}

// --resume: the run's own settings, then what the flags say.
ChosenRecipe recipe_of_stopped_run(TrainPlan& plan) {
  TrainRequest& request = plan.request;
  if (!request.recipe.empty() || !request.from.empty())
    throw UsageError("--resume goes on with the run's own net and recipe; leave --recipe and --from out");
  plan.stopped = open_stopped_run(request.resume, request.project, plan.ranks);
  const Json& config = plan.stopped->config;
  ChosenRecipe chosen{recipe_from_json(config, plan.stopped->folder + "/config.json: "), {}};
  override_recipe(request.overrides, chosen.recipe);
  const Json& run = config.at("run");
  if (request.data.empty()) request.data = run.value("data", "");
  if (plan.from = run.value("from", ""); !plan.from.empty()) chosen.source = load_model(plan.from);
  plan.tried = run.value("tried", std::vector<std::string>());
  plan.advice = run.value("advice", std::vector<std::string>());
  Json options{{"device", run.value("device", "auto")},
               {"threads", depends_on_threads(chosen.recipe.transfer) ? run.value("threads", 0) : 0},
               {"max_pixels", run.value("max_pixels", ReadOptions().max_pixels)}};
  const std::string place = plan.stopped->folder + "/config.json: run.";
  read_fields(options, place, request.run);
  read_fields(request.run_given, "--", request.run);
  read_fields(run.value("session", Json::object()), place + "session.", request.session);
  read_fields(request.session_given, "--", request.session);
  return chosen;
}

ChosenRecipe choose_recipe(TrainPlan& plan) {
  const TrainRequest& request = plan.request;
  if (request.resumes) return recipe_of_stopped_run(plan);
  if (!request.from.empty()) return recipe_of_source(plan);
  return {load_recipe(recipe_name(request), request.overrides), {}};
}

void check_same_recipe(const TrainPlan& plan) {
  plan.ranks->check_same(recipe_to_json(plan.recipe).dump(), "the recipe and flags",
                         "start all with the same command line");
}

// Of several processes, whoever worked with other photos would wait for the others, or they for him.
Dataset find_same_dataset(const TrainPlan& plan) {
  const auto seed = static_cast<uint64_t>(plan.recipe.train.seed);
  if (!plan.ranks) return find_dataset(plan.request.data, plan.recipe.data, seed);
  check_same_program(*plan.ranks);
  check_same_recipe(plan);
  Dataset dataset = find_dataset(plan.request.data, plan.recipe.data, seed, reading_of(plan.ranks));
  check_same_photos(dataset, plan.request.data, *plan.ranks);
  return dataset;
}

// `asked`: the precision was chosen by hand, rather than for this machine.
void choose_machine(TrainPlan& plan, bool asked) {
  if (plan.ranks) share_machine(plan.request.run, *plan.ranks);
  const std::string& device = plan.request.run.device;
  plan.device = plan.ranks ? device_of_process(device, plan.ranks->local_rank()) : device_from_text(device);
  prepare_process(static_cast<int>(plan.request.run.threads));
  std::string why;
  std::string& precision = plan.recipe.train.precision;
  plan.precision = precision_from_text(precision, plan.device, why);
  if (!asked && precision != "auto") why = "as in the run before";
  precision = precision_text(plan.precision);
  plan.precision_why = precision + ": " + why;
}

// A backbone made elsewhere may hold an operation without a gradient in half the bits. `asked`: the precision was
// chosen by hand, rather than for this machine.
void choose_fine_tuning_precision(TrainPlan& plan, bool asked) {
  std::string& precision = plan.recipe.train.precision;
  if (plan.recipe.transfer.fine_tune == "none" || plan.precision == at::kFloat) return;
  const std::vector<int64_t> shape = batch_shape(1, input_size(plan.recipe), plan.recipe.data);
  const std::string trouble =
      training_trouble(plan.net, channels_last(at::zeros(shape, at::device(plan.device))), plan.precision);
  if (trouble.empty()) return;
  if (asked)
    throw UsageError("--precision " + precision + ": the backbone cannot be fine-tuned in it (" + trouble +
                     "); use --precision fp32");
  plan.precision = at::kFloat;
  plan.precision_why = "fp32: the backbone cannot be fine-tuned in " + precision + " (" + trouble + ")";
  precision = "fp32";
}

void compile(TrainPlan& plan, const std::optional<ModelFile>& source) {
  const Recipe& recipe = plan.recipe;
  plan.net =
      source ? net_of(*source, input_size(recipe)) : compile_net(recipe.model, net_target(recipe, plan.classes()));
  if (source && !source->info.contains("summary"))
    throw Error(plan.from + ": cvtool.json lacks 'summary'; the file is damaged, make it again");
  plan.summary = source ? source->info.at("summary") : Json(layer_table(plan.net.rows));
  check_transfer(recipe.transfer, plan.net);
  plan.net.module.to(plan.device);
  use_channels_last(plan.net.module);
}

}  // namespace

TrainPlan plan_training(const TrainRequest& request, const Dataset* found, Ranks* ranks) {
  TrainPlan plan;
  plan.request = request;
  plan.ranks = ranks;
  ChosenRecipe chosen = choose_recipe(plan);
  plan.recipe = std::move(chosen.recipe);
  settle_probe(plan.recipe);
  TrainConfig& train = plan.recipe.train;
  train = with_optimizer_defaults(train);
  train.schedule = with_schedule_defaults(train.schedule);
  train.class_weights = resolve_class_weights(train.class_weights);
  if (!plan.stopped) check_run_name(request.project, request.name);
  // The recipe of an earlier run holds what was chosen for it.
  const bool of_a_run = request.resumes || (!request.from.empty() && request.recipe.empty());
  const bool precision_asked =
      of_a_run ? request.overrides.value("train", Json::object()).contains("precision") : train.precision != "auto";
  choose_machine(plan, precision_asked);
  plan.dataset = found ? *found : find_same_dataset(plan);
  plan.recipe.data.classes = plan.dataset.classes;
  if (chosen.source) check_classes(*chosen.source, plan);
  if (plan.dataset.train.empty())
    throw DataError(plan.request.data + ": there are no training photos; " +
                    (plan.dataset.names_splits ? "name a set with a train split (this one has " +
                                                     std::string(plan.dataset.valid.empty() ? "" : "valid ") +
                                                     (plan.dataset.test.empty() ? "" : "test ") + "photos only)"
                                               : "lower --valid and --test"));
  train.stopping.monitor = resolve_monitor(train.stopping.monitor, !plan.dataset.valid.empty());
  if (train.sampler == "balanced" && train.class_weights == "auto")
    spdlog::warn(
        "--class-weights auto and --sampler balanced each even out the classes: together, photos of rare classes count "
        "twice; leave one of them out");
  class_weights_tensor(train.class_weights, plan.dataset.classes, plan.dataset.train);
  compile(plan, chosen.source);
  choose_fine_tuning_precision(plan, precision_asked);
  train.loss = resolve_loss(train.loss, plan.net.units);
  check_monitor(train);
  check_probe(plan.recipe, plan.net);
  if (ranks) check_same_recipe(plan);
  return plan;
}

}  // namespace cvtool
