// An evaluation of photos that do not exist, by a model that does not: for tests of what is written down.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/random.h"
#include "evaluate/evaluation.h"

namespace cvtool {

inline EvaluationSubject made_up_subject(const std::string& folder, int64_t classes) {
  EvaluationSubject subject;
  std::vector<std::string> names;
  for (int64_t k = 0; k < classes; ++k) names.push_back("class " + std::to_string(k));
  subject.model = folder + "/best.pt";
  subject.info = {{"classes", names}, {"imgsz", 32}, {"recipe", {{"name", "made up"}}}};
  subject.data = folder;
  subject.split = "test";
  subject.root = folder;
  subject.device = "cpu";
  subject.precision = "fp32";
  return subject;
}

// About two of three photos are recognised.
inline Outputs made_up_outputs(int64_t photos, int64_t classes) {
  Outputs outputs;
  Predictions& p = outputs.predictions;
  p.classes = classes;
  p.probabilities.reserve(static_cast<size_t>(photos * classes));
  for (int64_t row = 0; row < photos; ++row) {
    Random random(1, "made up", 0, static_cast<uint64_t>(row));
    outputs.paths.push_back("photo" + std::to_string(row) + ".jpg");
    p.labels.push_back(row % classes);
    const auto favourite = random.uniform() < 0.66 ? p.labels.back() : static_cast<int64_t>(random.below(classes));
    const size_t begin = p.probabilities.size();
    double sum = 0;
    for (int64_t k = 0; k < classes; ++k) {
      p.probabilities.push_back(random.uniform() / static_cast<double>(classes) + (k == favourite ? 1 : 0));
      sum += p.probabilities.back();
    }
    for (size_t i = begin; i < p.probabilities.size(); ++i)
      p.probabilities[i] = static_cast<float>(p.probabilities[i] / sum);
  }
  p.distribution = p.probabilities;
  return outputs;
}

}  // namespace cvtool
