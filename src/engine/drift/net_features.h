// Photos as a net sees them, to compare sets of them.
#pragma once

#include <memory>
#include <string>

#include "base/observer.h"
#include "data/dataset.h"
#include "metrics/two_sample.h"
#include "spec/drift_request.h"

namespace cvtool {

struct PhotosOfSet {
  std::string root, name;  // name: of the set, for messages
  std::vector<Sample> samples;
};

// What the last dense layer of a model reads of each photo; of a backbone, what a dense layer on it would be given by
// `train --base BASE`. On the CPU.
class NetFeatures {
 public:
  // Null where the looks of photos are to be compared. What "auto" came to is logged. Throws UsageError for what is
  // not there, with the command that gets it, Error for a file that is not a net.
  static std::unique_ptr<const NetFeatures> open(const ComparedBy& by);
  ~NetFeatures();
  NetFeatures(const NetFeatures&) = delete;
  NetFeatures& operator=(const NetFeatures&) = delete;

  // The backbone's name, or the model's path.
  const std::string& name() const;
  // One row for each sample, in their order. Throws DataError where a photo can no longer be read.
  FeatureRows of(const PhotosOfSet& photos, const ReadOptions& read, Observer& observer) const;

 private:
  struct State;
  explicit NetFeatures(std::unique_ptr<State> state);
  static std::unique_ptr<State> of_model(const std::string& model);
  static std::unique_ptr<State> of_base(const std::string& base);
  std::unique_ptr<State> state_;
};

}  // namespace cvtool
