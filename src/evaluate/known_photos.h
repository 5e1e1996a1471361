// What a finished model knows of itself from photos that trained nothing: how far they lie from what it has learned,
// and how probable it calls their own classes. It lies in the model's info and goes wherever that goes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/photos.h"
#include "evaluate/known_features.h"
#include "evaluate/photo_looks.h"
#include "model/model_file.h"
#include "model/model_info.h"

namespace cvtool {

// Rows of the training photos that known features are fitted to: a thousand by equal parts of all classes at most, but
// of no class less than ten that it has; drawn by their names alone, in the store's order.
std::vector<size_t> rows_to_fit(const PhotoStore& train);

// Rows of held-back photos, at most 2,000, drawn in the same way; of photos that are equal byte by byte one, and none
// that equals one of `others`, whose paths are relative to the same folder.
std::vector<size_t> fresh_rows(const PhotoStore& store, const std::vector<Sample>& others);

// Fits known features to training photos, and takes the distances of the features [N,D] `held` (undefined: there are
// none) of photos of the split `split`, which trained nothing. Changes `info`, which then holds kUnknownKey; "" or,
// where that cannot be, why nothing is there now: a net that does not end in a dense layer, no photos.
std::string fit_unknown(const PhotoLooks& learned, const at::Tensor& held, const std::string& split, Json& info);

// Takes the probabilities of photos that trained and chose nothing, of which there is one at least; `photos` are all of
// them. Changes `info`, which then holds kCoverageKey: {"method": "lac", "photos", "marks" (by which a few of them are
// known again), "probabilities" (of their own classes, ascending, float64 as base64)}.
void fit_coverage(const PhotoLooks& held, const PhotoStore& photos, Json& info);

// Whether some of the photos stand, unchanged, among those with these marks: hashes of files.
bool holds_marked(const PhotoStore& photos, const std::vector<std::string>& marks);
// Of training photos, as the model remembers a few of them.
std::vector<std::string> marks_of_training(const Json& info);

// A model's own calibration, ready to be asked.
struct Coverage {
  std::vector<double> right;       // probabilities of the calibration photos' own classes, ascending
  std::vector<std::string> marks;  // of these photos
};

// `info` is that of the model file `path`; nothing where it holds none. Throws Error where it is damaged.
std::optional<KnownFeatures> stored_known_features(const Json& info, const std::string& path);
std::optional<Coverage> stored_coverage(const Json& info, const std::string& path);

// The same where they are needed; throw UsageError saying what to do where the model holds none, or has been fitted
// with too few photos for that rate of false alarms, or that coverage.
KnownFeatures known_features_for(const Json& info, const std::string& path, double false_alarms);
Coverage coverage_for(const Json& info, const std::string& path, double coverage);

}  // namespace cvtool
