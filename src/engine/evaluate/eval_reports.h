// What eval writes for CI systems, and what it leaves of former runs where it fails.
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/output_check.h"
#include "spec/requests.h"

namespace cvtool {

// --junit and --summary: throws UsageError where one goes over an input, the other, or what goes into the folder.
void check_eval_reports(const EvalRequest& request, const std::string& folder, const CommandInputs& inputs);

// Into the files that the user names.
void write_eval_reports(const EvalRequest& request, const std::vector<std::string>& classes, const Json& document,
                        double seconds);

// What a former evaluation has left in the folder to be read by programs goes, so that nobody takes it for this one's.
// A file of that name that is not of an evaluation stays.
void drop_former_evaluation(const std::string& folder);

// After an evaluation that ended in this error: the files of --junit and --summary say so, where they could have been
// written, and what a former evaluation left in the folder of -o is gone. Throws nothing.
void tell_failed_evaluation(const EvalRequest& request, const std::exception& error);

}  // namespace cvtool
