#include "evaluate/model_card_file.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/output.h"
#include "evaluate/run_facts.h"
#include "model/model_info.h"
#include "report/model_card.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// The most frequent first; among equals in the order of the classes.
std::vector<Confusion> confusions_in(const ConfusionMatrix& matrix, const std::vector<std::string>& classes) {
  std::vector<Confusion> all;
  for (size_t label = 0; label < matrix.size(); ++label)
    for (size_t said = 0; said < matrix.size(); ++said)
      if (label != said && matrix[label][said] > 0) all.push_back({classes[label], classes[said], matrix[label][said]});
  std::stable_sort(all.begin(), all.end(), [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  return all;
}

}  // namespace

void write_model_card(const std::string& folder, const EvaluationSubject& subject, const Evaluation& evaluation,
                      const EvaluationPage& page) {
  const std::string path = own_file(folder, kModelCard);
  std::error_code error;
  if (fs::is_regular_file(path, error) && !is_unchanged_card(read_file(path))) {
    spdlog::warn("{}: was changed by hand and stays as it is; rename it to have a new one written", printable(path));
    return;
  }
  CardFacts facts;
  facts.name = subject.info.at("recipe").value("name", "model");
  facts.model = net_facts(subject);
  facts.data = data_facts(subject);
  facts.files = {{"report.html", "the evaluation with pictures"}};
  for (const auto& file : page.files)
    if (file.first != kModelCard) facts.files.push_back(file);
  facts.confusions = confusions_in(evaluation.metrics.confusion, page.classes);
  const Json temperature = subject.info.value("calibration", Json::object()).value("temperature", Json());
  if (temperature.is_number()) facts.temperature = temperature.get<double>();
  if (const Json base = subject.info.value("base", Json()); base.is_object()) facts.base_licence = base_licence(base);
  write_file_atomically(path, model_card(page, facts));
}

}  // namespace cvtool
