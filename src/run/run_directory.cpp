#include "run/run_directory.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

[[noreturn]] void refuse_name(const std::string& name, const fs::path& run) {
  throw UsageError("--name " + name + ": " + run.string() + " is there already; choose another name");
}

[[noreturn]] void refuse_empty_project() {
  throw UsageError("--project: is empty; name a folder, or leave it out for runs");
}

// Told without the checkpoint, which is large: metrics.json is the last file that a run writes. A run that ran out of
// its time has one too, and fewer epochs than it wanted.
bool is_finished(const fs::path& run) {
  std::error_code error;
  if (!fs::exists(run / "metrics.json", error)) return false;
  try {
    const Json train = json_from_file((run / "config.json").string()).value("train", Json::object());
    const std::string history = read_file((run / "history.csv").string());
    const auto epochs = std::count(history.begin(), history.end(), '\n') - 1;  // a line is the header
    return train.value("patience", 0) > 0 || epochs >= train.value("epochs", 0);
  } catch (const std::exception&) {
    return true;  // whatever it is, it has been evaluated
  }
}

}  // namespace

void check_run_name(const std::string& project, const std::string& name) {
  if (project.empty()) refuse_empty_project();
  if (!name.empty() && (!stays_inside(name) || fs::path(name).filename() == "latest"))
    throw UsageError("--name " + name + ": is not the name of a folder in " + project +
                     (stays_inside(name) ? ", where 'latest' is the link to the newest run; choose another name"
                                         : "; choose one without '..', or another folder with --project"));
  std::error_code error;
  const fs::path run = fs::path(project) / name;
  if (!name.empty() && fs::exists(run, error)) refuse_name(name, run);
}

std::string make_run_directory(const std::string& project, const std::string& name) {
  make_folders(project);
  for (int number = 1;; ++number) {
    const std::string wanted = !name.empty() ? name : number == 1 ? "train" : "train" + std::to_string(number);
    const fs::path run = fs::path(project) / wanted;
    std::error_code error;
    // create_directory reports false for a folder that is there, so two runs started at once do not share one.
    if (fs::create_directories(run.parent_path(), error), fs::create_directory(run, error)) return run.string();
    if (error)
      throw Error("cannot make the run's folder " + run.string() + ": " + error.message() +
                  "; choose a folder that you may write to with --project");
    if (!name.empty()) refuse_name(name, run);
  }
}

std::string run_to_resume(const std::string& resume, const std::string& project) {
  std::error_code error;
  if (!resume.empty()) {
    if (fs::exists(fs::path(resume) / "fold-1/config.json", error))
      throw UsageError("--resume " + resume +
                       ": holds the folds of a cross-validation; name the one that was stopped, such as --resume " +
                       (fs::path(resume) / "fold-1").string() + ", and train those that are not begun with --fold");
    if (!fs::exists(fs::path(resume) / "config.json", error))
      throw UsageError("--resume " + resume + ": the folder holds no config.json, so it is not a run that could go on");
    return fs::path(resume).lexically_normal().string();
  }
  if (project.empty()) refuse_empty_project();
  // Unfinished ones come first, then the newest.
  std::pair<bool, fs::file_time_type> newest_rank;
  fs::path newest;
  for (const auto& entry : fs::directory_iterator(project, error)) {
    if (entry.is_symlink() || !fs::exists(entry.path() / "config.json")) continue;
    const fs::path checkpoint = entry.path() / "checkpoint.pt";
    const auto time = fs::last_write_time(fs::exists(checkpoint) ? checkpoint : entry.path() / "config.json", error);
    const std::pair rank{!is_finished(entry.path()), time};
    if (newest.empty() || rank > newest_rank) newest = entry.path(), newest_rank = rank;
  }
  if (newest.empty())
    throw UsageError("--resume: there is no run in " + project + "; name one, or its project with --project");
  return newest.string();
}

std::string run_of_job(const std::string& project, const std::string& name, const std::string& job) {
  std::error_code error;
  std::vector<fs::path> runs;
  if (!name.empty()) runs.push_back(fs::path(project) / name);
  for (auto entry = fs::directory_iterator(project, error); name.empty() && !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (!entry->is_symlink()) runs.push_back(entry->path());
  fs::path newest;
  fs::file_time_type newest_time;
  for (const fs::path& run : runs) {
    const fs::path config = run / "config.json";
    if (!fs::exists(config, error) || is_finished(run)) continue;
    const Json settings = json_from_file(config.string());
    if (!settings.is_object() || settings.value("run", Json::object()).value("job", "") != job) continue;
    const fs::file_time_type time = fs::last_write_time(config, error);
    if (newest.empty() || time > newest_time) newest = run, newest_time = time;
  }
  return newest.string();
}

bool is_file_of_a_run(const std::string& path) {
  const fs::path name = fs::path(path).filename();
  std::error_code error;
  const bool in_run = fs::is_regular_file(fs::path(path).parent_path() / "config.json", error) &&
                      fs::is_regular_file(fs::path(path).parent_path() / "data.json", error);
  constexpr const char* kNames[] = {"best.pt",         "last.pt",
                                    "checkpoint.pt",   "checkpoint.previous.pt",
                                    "config.json",     "data.json",
                                    "history.csv",     "log.txt",
                                    "metrics.json",    "curves.png",
                                    "train_batch.jpg", "predictions.csv",
                                    "report.html",     "MODEL_CARD.md",
                                    "mistakes.jpg",    "roc.png",
                                    "pr.png",          "confusion_matrix.csv",
                                    "calibration.png", "confusion_matrix.png"};
  return in_run && std::any_of(std::begin(kNames), std::end(kNames), [&](const char* known) { return name == known; });
}

void remove_half_written(const std::string& run) {
  std::error_code error;
  std::vector<fs::path> stale;
  for (const auto& entry : fs::directory_iterator(run, error)) {
    if (is_temporary(entry.path().filename().string())) stale.push_back(entry.path());
  }
  for (const fs::path& path : stale) fs::remove(path, error);
}

void mark_latest(const std::string& run) {
  const fs::path path = fs::path(run).lexically_normal();
  const fs::path link = path.parent_path() / "latest";
  point_link(link.string(), path.filename().string());
  std::error_code error;
  // Who names no model would be given an older run.
  if (fs::read_symlink(link, error) != path.filename())
    spdlog::warn("{} cannot be made a link to this run; name it: --model {}", link.string(), shell_word(run));
}

namespace {

constexpr const char* kLatest = "runs/latest";

// The run that runs/latest points at, whether it is there or not; "" where it is no link.
std::string run_behind_latest() {
  std::error_code error;
  const fs::path target = fs::read_symlink(kLatest, error);
  return error ? "" : (fs::path("runs") / target).lexically_normal().string();
}

[[noreturn]] void refuse_missing_model(const std::string& model) {
  std::error_code error;
  if (!model.empty()) {
    const std::string run = (fs::path("runs") / model).string();
    const bool there = fs::exists(run, error) && fs::path(model).is_relative();
    throw UsageError("--model " + model + ": there is no such file or run" +
                     (there ? "; did you mean " + run + "?" : "; name a run's folder or a model file"));
  }
  const std::string run = run_behind_latest();
  if (!run.empty())
    throw UsageError(std::string(kLatest) + " points at " + run +
                     ", which is not there any more; name a run or a model file with --model");
  throw UsageError(
      "there is no model yet (runs/latest is not there); train one with cvtool train --data DIR, or name one with "
      "--model");
}

}  // namespace

std::string model_path(const std::string& model) {
  const std::string wanted = model.empty() ? kLatest : model;
  if (fs::is_directory(wanted)) {
    const fs::path best = fs::path(wanted) / "best.pt";
    if (!fs::exists(best))
      throw UsageError("--model " + wanted + ": the folder holds no best.pt; name a run's folder or a model file");
    return best.string();
  }
  if (!fs::exists(wanted)) refuse_missing_model(model);
  return wanted;
}

std::string newest_model_text() {
  const std::string run = run_behind_latest();
  return std::string(kLatest) + "/best.pt" + (run.empty() ? "" : " (" + run + ")");
}

}  // namespace cvtool
