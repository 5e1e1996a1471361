// What eval does beside measuring how often a model is right: fitting and measuring what it knows of its own limits.
#pragma once

#include "evaluate/eval_work.h"
#include "evaluate/evaluation.h"

namespace cvtool {

// What the request wants fitted, stored in the model's file; `trained_here`: the model was trained on these photos. One
// process does it alone. Throws UsageError and DataError where it cannot be fitted.
void fit_what_it_knows(const EvalWork& work, const Dataset& dataset, bool trained_here, OpenedModel& model);

// Throws UsageError where the model does not hold what the request asks of it.
void check_what_it_knows(const EvalRequest& request, const OpenedModel& model);

// Adds "coverage" and "ood" to the document and the result, where the model has the one and the request the other.
void add_what_it_knows(const EvalWork& work, const OpenedModel& model, const OpenedSplit& split, Evaluation& evaluation,
                       EvalResult& result);

}  // namespace cvtool
