#include "evaluate/baseline.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/csv.h"
#include "base/document.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "base/utf8.h"
#include "model/archive.h"
#include "run/run_directory.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr double kSignificance = 0.05;

std::map<std::string, uint8_t> rights_in(const std::string& csv) {
  const auto records = csv_records(read_file(csv), csv);
  const std::vector<std::string> header{"path", "label", "predicted"};
  if (records.empty() || records[0].fields.size() < 3 ||
      !std::equal(header.begin(), header.end(), records[0].fields.begin()))
    throw UsageError("--baseline: " + csv +
                     " does not begin with path,label,predicted; make it again with cvtool eval");
  std::map<std::string, uint8_t> right;
  for (size_t i = 1; i < records.size(); ++i) {
    const auto& fields = records[i].fields;
    if (fields.size() < 3)
      throw UsageError("--baseline: " + csv + ", line " + std::to_string(records[i].line) +
                       ": is cut off; make it again with cvtool eval");
    right[fields[0]] = fields[1] == fields[2];
  }
  return right;
}

// What is read of a metrics.json.
struct StoredSubject {
  std::string model, model_digest;
};
void fields(StoredSubject& s, DocumentReader& visit) { visit("model", s.model), visit("model_digest", s.model_digest); }

void tell_of_earlier_model(const std::string& metrics) {
  const auto stored =
      read_document<StoredSubject>(json_from_file(metrics), "--baseline " + metrics, "make it again with cvtool eval");
  const std::string now = stored.model.empty() ? "" : stored_digest(stored.model);
  if (!stored.model_digest.empty() && !now.empty() && stored.model_digest != now)
    spdlog::warn("--baseline {}: is of an earlier {} than the one that is there now", metrics, stored.model);
}

// The photos with the numbers that the baseline's classes have, by name.
std::vector<Sample> relabelled(const std::vector<Sample>& samples, const std::vector<std::string>& from,
                               const std::vector<std::string>& to) {
  std::vector<Sample> out = samples;
  for (Sample& sample : out) {
    const std::string& name = from[static_cast<size_t>(sample.label)];
    const auto place = place_of_name(to, name);
    if (!place)
      throw UsageError("--baseline: its model does not know the class '" + printable(name) + "'; it has " +
                       printable(join(to, ", ")));
    sample.label = static_cast<int64_t>(*place);
  }
  return out;
}

}  // namespace

std::optional<Baseline> open_baseline(const EvalRequest& request) {
  const std::string& text = request.baseline;
  if (text.empty()) return std::nullopt;
  Baseline baseline;
  baseline.name = text;
  if (!ends_with(lower(text), ".json")) {
    if (!fs::exists(text))
      throw UsageError("--baseline " + text + ": there is no such metrics.json, run or model file");
    baseline.model = std::make_unique<OpenedModel>(open_model(text, request.precision, request.run, request.tta));
    return baseline;
  }
  const std::string csv = (fs::path(text).parent_path() / "predictions.csv").string();
  for (const std::string& file : {text, csv})
    if (!fs::exists(file))
      throw UsageError("--baseline " + text + ": there is no " + file + "; name what cvtool eval wrote, or a run");
  tell_of_earlier_model(text);
  baseline.right = rights_in(csv);
  return baseline;
}

void answer(Baseline& baseline, const OpenedSplit& split, const std::vector<std::string>& classes,
            const EvalWork& work) {
  if (!baseline.model) return;
  const auto samples = relabelled(split.store->samples(), classes, model_classes(baseline.model->file.info));
  const OpenedSplit own = open_photos(work, {split.store->root(), split.name, samples}, baseline.model->recipe);
  const Outputs outputs = answers_to(work, *baseline.model, own);
  const auto predicted = predicted_classes(outputs.predictions);
  for (size_t i = 0; i < predicted.size(); ++i)
    baseline.right[outputs.paths[i]] = predicted[i] == outputs.predictions.labels[i];
}

BaselineResult compared(const Baseline& baseline, const Evaluation& evaluation) {
  std::vector<uint8_t> other;
  for (const std::string& path : evaluation.outputs.paths) {
    const auto at = baseline.right.find(path);
    if (at != baseline.right.end()) other.push_back(at->second);
  }
  if (other.size() != evaluation.outputs.paths.size() || other.size() != baseline.right.size())
    throw UsageError("--baseline " + baseline.name + ": was evaluated on " +
                     counted(static_cast<int64_t>(baseline.right.size()), "photo") + ", of which " +
                     with_thousands(static_cast<int64_t>(other.size())) + " are among the " +
                     with_thousands(static_cast<int64_t>(evaluation.outputs.paths.size())) +
                     " of this evaluation; evaluate both on the same data and split");
  const McNemar test = mcnemar_test(evaluation.metrics.right, other);
  const double accuracy = std::accumulate(other.begin(), other.end(), 0.0) / static_cast<double>(other.size());
  const bool worse = test.only_second_right > test.only_first_right, significant = test.p_value < kSignificance;
  const std::string text = "accuracy is " + fixed(evaluation.metrics.metric("accuracy").value, 4) +
                           ", the baseline's " + fixed(accuracy, 4) + "; " + counted(test.only_first_right, "photo") +
                           " only this model recognises, " + with_thousands(test.only_second_right) +
                           " only the baseline (McNemar's p = " + fixed(test.p_value, 4) + ": " +
                           (!significant ? "no significant difference"
                            : worse      ? "a significant loss"
                                         : "a significant gain") +
                           ")";
  return {baseline.name,           accuracy, test.only_first_right, test.only_second_right, test.p_value,
          !(worse && significant), text};
}

}  // namespace cvtool
