// The report of cvtool doctor for a person.
#pragma once

#include <string>

#include "spec/doctor_result.h"

namespace cvtool {

// Sections of labelled lines, at most 100 columns where no path is longer; the advice last.
std::string doctor_text(const DoctorReport& report);

}  // namespace cvtool
