#include "engine/train_settings.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "run/run_directory.h"
#include "torch/device.h"
#include "train/class_weights.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace cvtool {
namespace {

std::string chosen_recipe(const TrainRequest& request) {
  if (!request.recipe.empty()) return request.recipe;
  return request.overrides.value("model", Json::object()).contains("base") ? kDefaultTransferRecipe : kDefaultRecipe;
}

// --from: the net goes on as it is; its own recipe holds where none is given.
Recipe recipe_of_source(const TrainRequest& request, TrainSettings& settings) {
  if (!request.overrides.value("model", Json::object()).empty())
    throw UsageError("--from trains the net of that run on; leave --base, --head and --preprocess out");
  const std::string path = model_path(request.from);
  settings.source = load_model(path);
  settings.from = std::filesystem::canonical(path).string();
  Recipe own = recipe_from_json(settings.source->info.at("recipe"), path + ": ");
  if (request.recipe.empty()) {
    override_recipe(request.overrides, own);
    return own;
  }
  Recipe given = load_recipe(request.recipe, request.overrides);
  if (given.model != own.model || input_size_json(given) != input_size_json(own))
    throw UsageError("--from trains the net of that run on, and the recipe " + given.name +
                     " has another one; leave --recipe out");
  return given;
}

// --resume: the run's own settings, then what the flags say.
Recipe recipe_of_stopped_run(TrainRequest& request, TrainSettings& settings) {
  if (!request.recipe.empty() || !request.from.empty())
    throw UsageError("--resume goes on with the run's own net and recipe; leave --recipe and --from out");
  settings.stopped = open_stopped_run(request.resume, request.project);
  const Json& config = settings.stopped->config;
  Recipe recipe = recipe_from_json(config, settings.stopped->folder + "/config.json: ");
  override_recipe(request.overrides, recipe);
  const Json& run = config.at("run");
  if (request.data.empty()) request.data = run.value("data", "");
  if (settings.from = run.value("from", ""); !settings.from.empty()) settings.source = load_model(settings.from);
  Json options{{"device", run.value("device", "auto")},
               {"threads", run.value("threads", 0)},
               {"max_pixels", run.value("max_pixels", ReadOptions().max_pixels)}};
  options.update(request.run_given);
  read_fields(options, "--", request.run);
  Json session = run.value("session", Json::object());
  session.update(request.session_given);
  read_fields(session, "--", request.session);
  return recipe;
}

}  // namespace

TrainSettings resolve_settings(TrainRequest& request) {
  TrainSettings settings;
  settings.recipe = request.resumes        ? recipe_of_stopped_run(request, settings)
                    : request.from.empty() ? load_recipe(chosen_recipe(request), request.overrides)
                                           : recipe_of_source(request, settings);
  TrainConfig& train = settings.recipe.train;
  train = with_optimizer_defaults(train);
  train.schedule = with_schedule_defaults(train.schedule);
  train.class_weights = resolve_class_weights(train.class_weights);
  settings.device = device_from_text(request.run.device);
  prepare_process(static_cast<int>(request.run.threads));
  // The recipe of a finished run holds what was chosen for it.
  settings.precision_asked = request.from.empty()
                                 ? train.precision != "auto"
                                 : request.overrides.value("train", Json::object()).contains("precision");
  std::string why;
  settings.precision = precision_from_text(train.precision, settings.device, why);
  train.precision = precision_text(settings.precision);
  settings.precision_why = train.precision + ": " + why;
  return settings;
}

}  // namespace cvtool
