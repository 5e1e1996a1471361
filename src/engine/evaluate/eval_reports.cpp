#include "engine/evaluate/eval_reports.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "evaluate/evaluation.h"
#include "report/evaluation_summary.h"
#include "report/junit.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// Wrong usage makes no file; it only keeps an old one from being taken for its own.
bool concerns(const std::string& path, const std::exception& error) {
  std::error_code none;
  return !dynamic_cast<const UsageError*>(&error) || fs::exists(path, none);
}

// Whether the path could be written by this evaluation, had it come so far.
bool is_free(const EvalRequest& request, const std::string& path) {
  if (path.empty() || is_stream(path)) return false;
  const auto names = evaluation_file_names();
  if (std::find(names.begin(), names.end(), fs::path(path).filename().string()) != names.end()) return false;
  try {
    check_output(path, OutputKind::kText, {{request.model, request.data, request.baseline}, nullptr});
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool is_empty(const std::string& path) {
  std::error_code error;
  return !fs::exists(path, error) || fs::file_size(path, error) == 0;
}

void make_folder_of(const std::string& path) {
  if (const auto parent = fs::path(path).parent_path(); !parent.empty()) make_folders(parent.string());
}

}  // namespace

void check_eval_reports(const EvalRequest& request, const std::string& folder, const CommandInputs& inputs) {
  std::error_code error;
  const auto whole = [&](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
  };
  std::vector<std::string> taken;
  for (const std::string& name : evaluation_file_names()) taken.push_back(folder + "/" + name);
  for (const auto& [flag, path] : {std::pair{"--junit ", request.junit}, std::pair{"--summary ", request.summary}}) {
    if (path.empty()) continue;
    check_output(path, OutputKind::kText, inputs);
    if (is_stream(path)) continue;
    for (const std::string& other : taken)
      if (whole(path) == whole(other))
        throw UsageError(flag + path + ": " + other + " is written by this command too; give another name");
    taken.push_back(path);
  }
}

void write_eval_reports(const EvalRequest& request, const std::vector<std::string>& classes, const Json& document,
                        double seconds) {
  for (const std::string& path : {request.junit, request.summary}) make_folder_of(path);
  if (!request.junit.empty()) write_file_atomically(request.junit, junit_text(document, seconds));
  if (!request.summary.empty()) append_to_file(request.summary, evaluation_summary(document, classes));
}

void drop_former_evaluation(const std::string& folder) {
  const std::string metrics = (fs::path(folder) / "metrics.json").string();
  std::error_code error;
  if (!fs::is_regular_file(metrics, error)) return;
  const Json document = Json::parse(read_file(metrics), nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("model") || !document.contains("metrics")) return;
  for (const char* name : {"metrics.json", "report.html"}) fs::remove(fs::path(folder) / name, error);
}

void tell_failed_evaluation(const EvalRequest& request, const std::exception& error) {
  const Json document{{"model", request.model.empty() ? "the newest run" : request.model}, {"data", request.data}};
  const std::string why = failure_text(error);
  try {
    if (!request.output.empty()) drop_former_evaluation(request.output);
    if (concerns(request.junit, error) && is_free(request, request.junit) &&
        (is_empty(request.junit) || begins_like_own_junit(read_file(request.junit)))) {
      make_folder_of(request.junit);
      write_file_atomically(request.junit, junit_of_failure(document, why));
    }
    if (request.summary != request.junit && concerns(request.summary, error) && is_free(request, request.summary)) {
      make_folder_of(request.summary);
      append_to_file(request.summary, failure_summary(document, why));
    }
  } catch (const std::exception&) {
    return;  // the evaluation's own error is what the user must be told
  }
}

}  // namespace cvtool
