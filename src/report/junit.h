// The gates of an evaluation as JUnit XML, which CI systems show beside the results of tests.
#pragma once

#include <string>

#include "base/json.h"

namespace cvtool {

// `document` is what metrics.json holds, `seconds` what the evaluation took. One <testsuite>: a <testcase> for each
// gate and the baseline, with a <failure> where it does not hold; without any, the one case "evaluated", which holds.
// Well-formed whatever bytes names are of.
std::string junit_text(const Json& document, double seconds);

}  // namespace cvtool
