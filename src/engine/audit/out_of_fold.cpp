#include "engine/audit/out_of_fold.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <numeric>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/output.h"
#include "base/text.h"

namespace cvtool {
namespace {

constexpr size_t kBefore = 3;  // columns before the probabilities: path, label, predicted

double number_of(const std::string& text, const std::string& where) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= 1))
    throw DataError(where + "'" + printable(text) + "' is no probability; make the run anew");
  return value;
}

void append_row(const CsvRecord& record, const std::string& where, std::vector<double>& probabilities) {
  std::vector<double> row;
  for (size_t i = kBefore; i < record.fields.size(); ++i) row.push_back(number_of(record.fields[i], where));
  const double sum = std::accumulate(row.begin(), row.end(), 0.0);
  if (sum <= 0) throw DataError(where + "no class has a probability; make the run anew");
  for (const double value : row) probabilities.push_back(value / sum);
}

}  // namespace

void check_is_cross_validation(const std::string& run) {
  const std::string metrics = run + "/metrics.json";
  std::error_code error;
  if (std::filesystem::is_regular_file(metrics, error)) {
    const Json document = Json::parse(read_file(metrics), nullptr, /*allow_exceptions=*/false);
    if (document.is_object() && document.contains("folds")) return;
  }
  throw UsageError("--run " + run + ": is no finished run of cvtool train --folds; name one, or leave out --run");
}

OutOfFold read_out_of_fold(const std::string& run, const Dataset& dataset) {
  const std::string file = run + "/predictions.csv";
  const std::vector<CsvRecord> records = csv_records(read_file(file), file);
  if (records.size() < 2) throw DataError(file + ": holds no photo; make the run anew");
  const std::vector<std::string> classes(
      records[0].fields.begin() + static_cast<std::ptrdiff_t>(std::min(kBefore, records[0].fields.size())),
      records[0].fields.end());
  if (classes != dataset.classes)
    throw DataError(run + " tells " + quoted_list(classes) + " apart, and the photos are of " +
                    quoted_list(dataset.classes) + "; name the run of these photos with --run");
  std::map<std::string, Sample> known;
  for (const Sample& sample : dataset.all()) known.emplace(sample.path, sample);
  OutOfFold out;
  out.predictions.classes = static_cast<int64_t>(classes.size());
  for (size_t i = 1; i < records.size(); ++i) {
    const CsvRecord& record = records[i];
    const std::string where = file + ", line " + std::to_string(record.line) + ": ";
    if (record.fields.size() != kBefore + classes.size()) throw DataError(where + "is cut short; make the run anew");
    const auto at = known.find(record.fields[0]);
    if (at == known.end())
      throw DataError(where + printable(record.fields[0]) + " is none of the photos; name the run of these with --run");
    if (classes[static_cast<size_t>(at->second.label)] != record.fields[1])
      throw DataError(where + printable(record.fields[0]) + " was of the class '" + printable(record.fields[1]) +
                      "' then; its label has changed since, so make the run anew");
    out.samples.push_back(at->second);
    out.predictions.labels.push_back(at->second.label);
    append_row(record, where, out.predictions.probabilities);
  }
  return out;
}

}  // namespace cvtool
