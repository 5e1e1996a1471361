// Another model's answers to the same photos, to compare with.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "evaluate/eval_work.h"
#include "evaluate/evaluation.h"
#include "evaluate/opened_model.h"

namespace cvtool {

// What --baseline names, made ready before any photo is read.
struct Baseline {
  std::string name;
  std::map<std::string, uint8_t> right;  // photo -> recognised; of a metrics.json
  std::unique_ptr<OpenedModel> model;    // of a run or model file
};

// request.baseline: a metrics.json with its predictions.csv beside it, a run or a model file; nothing where it is
// empty. Throws UsageError.
std::optional<Baseline> open_baseline(const EvalRequest& request);

// Lets a baseline that is a model answer the photos of the split, whose labels stand for `classes`. Throws UsageError
// when it lacks a class.
void answer(Baseline& baseline, const OpenedSplit& split, const std::vector<std::string>& classes,
            const EvalWork& work);

// McNemar's test at p < 0.05. Throws UsageError when the photos are not the same.
BaselineResult compared(const Baseline& baseline, const Evaluation& evaluation);

}  // namespace cvtool
