// What is known of how a model came to be: from its file and from the run's folder that it lies in.
#pragma once

#include <string>
#include <vector>

#include "evaluate/evaluation.h"
#include "report/evaluation_page.h"

namespace cvtool {

// What the folder does not hold (a model file that was moved) is left out of all of these.
Facts net_facts(const EvaluationSubject& subject);   // recipe, backbone, size, optimizer
Facts data_facts(const EvaluationSubject& subject);  // photos of each split, how they were split, digest
// Both, epochs and time.
Facts training_facts(const EvaluationSubject& subject);

// Versions, device, system.
Facts environment_facts(const EvaluationSubject& subject);

// Shell commands that train the model and evaluate it again.
std::vector<std::string> repeating_commands(const EvaluationSubject& subject, const std::optional<double>& threshold);

}  // namespace cvtool
