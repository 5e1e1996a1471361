#include "engine/run_directory.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"

namespace fs = std::filesystem;

namespace cvtool {

std::string make_run_directory(const std::string& project, const std::string& name) {
  make_folders(project);
  for (int number = 1;; ++number) {
    const std::string wanted = !name.empty() ? name : number == 1 ? "train" : "train" + std::to_string(number);
    const fs::path run = fs::path(project) / wanted;
    std::error_code error;
    // create_directory reports false for a folder that is there, so two runs started at once do not share one.
    if (fs::create_directories(run.parent_path(), error), fs::create_directory(run, error)) return run.string();
    if (error) throw Error("cannot make the run's folder " + run.string() + ": " + error.message() + "; choose a folder that you may write to with --project");
    if (!name.empty()) throw UsageError("--name " + name + ": " + run.string() + " is there already; choose another name");
  }
}

void mark_latest(const std::string& run) {
  const fs::path path = fs::path(run).lexically_normal();
  point_link((path.parent_path() / "latest").string(), path.filename().string());
}

std::string model_path(const std::string& model) {
  const std::string wanted = model.empty() ? "runs/latest" : model;
  if (fs::is_directory(wanted)) {
    const fs::path best = fs::path(wanted) / "best.pt";
    if (!fs::exists(best)) throw UsageError("--model " + wanted + ": the folder holds no best.pt; name a run's folder or a model file");
    return best.string();
  }
  if (!fs::exists(wanted))
    throw UsageError(model.empty() ? "there is no model yet (runs/latest is not there); train one with cvtool train --data DIR, or name one with --model"
                                   : "--model " + model + ": there is no such file or run");
  return wanted;
}

}  // namespace cvtool
