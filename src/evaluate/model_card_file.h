// MODEL_CARD.md beside the report of an evaluation.
#pragma once

#include <string>

#include "evaluate/evaluation.h"
#include "report/evaluation_page.h"

namespace cvtool {

constexpr const char* kModelCard = "MODEL_CARD.md";

// Leaves a card that somebody has changed as it is, and warns. Throws Error.
void write_model_card(const std::string& folder, const EvaluationSubject& subject, const Evaluation& evaluation,
                      const EvaluationPage& page);

}  // namespace cvtool
