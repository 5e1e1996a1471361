// What would help most, measured on training photos by heads that were fitted without them.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "search/scores.h"

namespace cvtool {

// Training photos that cross-validation has judged.
struct JudgedPhotos {
  std::vector<Sample> photos;
  PhotoScores scores;     // of these photos, by heads fitted to four fifths of them
  PhotoScores with_half;  // by heads fitted to half as many; empty: that was not tried
};

// Of fewer photos nothing is said.
constexpr size_t kPhotosForAdvice = 40;

// Sentences, the most useful first: whether more photos help and of which class, and photos whose label the others
// contradict. Empty where there are too few photos to say anything.
std::vector<std::string> advice_on(const JudgedPhotos& judged, const std::vector<std::string>& classes);

}  // namespace cvtool
