// A process's share of a machine and of the photos, where several work together.
#pragma once

#include "data/dataset.h"
#include "data/shared_reading.h"
#include "dist/ranks.h"
#include "spec/requests.h"

namespace cvtool {

// Fills in what was left open: threads, and the process's card where the device is a GPU.
void share_machine(ComputeOptions& run, const Ranks& ranks);
// The same for a training, but the device stays as it was asked for, as it is known to all; and of memory for photos
// what the others on the machine leave.
void share_machine(RunOptions& run, const Ranks& ranks);

// `ranks` may be null, and outlives what is returned.
SharedReading reading_of(Ranks* ranks);

// Throws Error naming a photo that one machine has and another has not. `data`: as the user says it.
void check_same_photos(const Dataset& dataset, const std::string& data, Ranks& ranks);
// The same of versions of the program and its libraries.
void check_same_program(Ranks& ranks);

}  // namespace cvtool
