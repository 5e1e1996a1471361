// The gates of an evaluation as JUnit XML, which CI systems show beside the results of tests.
#pragma once

#include <string>

#include "base/json.h"

namespace cvtool {

// `document` is what metrics.json holds, `seconds` what the evaluation took. One <testsuite>: a <testcase> for each
// gate and the baseline, with a <failure> where it does not hold; without any, the one case "evaluated", which holds.
// Well-formed whatever bytes names are of.
std::string junit_text(const Json& document, double seconds);

// Of an evaluation that ended in an error, of which `document` holds "model" and "data" as they were given: the case
// "evaluated" with an <error>.
std::string junit_of_failure(const Json& document, const std::string& error);

// True for the beginning of a file that one of the two wrote.
bool begins_like_own_junit(const std::string& bytes);

}  // namespace cvtool
