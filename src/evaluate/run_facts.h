// What is known of how a model came to be: from its file and from the run's folder that it lies in.
#pragma once

#include <string>
#include <vector>

#include "evaluate/evaluation.h"
#include "report/evaluation_page.h"

namespace cvtool {

// Recipe, data, epochs, time. What the folder does not hold (a model file that was moved) is left out.
Facts training_facts(const EvaluationSubject& subject);

// Versions, device, system.
Facts environment_facts(const EvaluationSubject& subject);

// Shell commands that train the model and evaluate it again.
std::vector<std::string> repeating_commands(const EvaluationSubject& subject, const std::optional<double>& threshold);

}  // namespace cvtool
