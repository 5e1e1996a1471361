// What can be said of photos without a net, to compare sets of them: size, light, colour, sharpness.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "datatools/photo_facts.h"
#include "metrics/two_sample.h"
#include "spec/drift_result.h"

namespace cvtool {

// At most `most` of the samples, as ascending indices: which ones depends on their paths and the seed alone.
std::vector<size_t> drawn_by_hash(const std::vector<Sample>& samples, int64_t most, uint64_t seed);

// One row a photo, one column a look. Size, aspect and sharpness are logarithms. The photos must be readable, and
// examined with structure.
FeatureRows look_rows(const std::vector<PhotoFacts>& photos);

// Every look of both sets, those that differ most first. Neither set may be empty.
std::vector<MovedLook> moved_looks(const std::vector<PhotoFacts>& before, const std::vector<PhotoFacts>& after);

// For each photo the look in which it is furthest from the median of the others, in median distances of theirs from it:
// "brightness 212 against 104".
std::vector<std::string> oddest_looks(const std::vector<PhotoFacts>& others, const std::vector<PhotoFacts>& photos);

// What the test comes to, for people.
std::string drift_verdict(const TwoSampleTest& test);

}  // namespace cvtool
