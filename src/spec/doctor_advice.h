// What hinders cvtool on a machine, in words for people, each with the next step.
#pragma once

#include "spec/doctor_result.h"

namespace cvtool {

// All that a report gives reason for, the gravest first. (`report.advice` is not looked at.)
std::vector<Advice> advice_of(const DoctorReport& report);

}  // namespace cvtool
