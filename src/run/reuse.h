// What trainings in a row on the same photos have in common: photos read and features computed once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/photos.h"
#include "train/feature_shelf.h"

namespace cvtool {

class Reuse {
 public:
  // `all`: every photo that a training may ask for, sorted by path.
  Reuse(std::vector<Sample> all, RunOptions run) : all_(std::move(all)), run_(std::move(run)) {}

  // A part of them as open_split gives it. All photos are read when one is first asked for, and again where they are
  // wanted in another size or by other rules. Throws as open_split does.
  OpenedSplit part(const PhotoRequest& request, const DataConfig& data, Observer& observer);

  // For features of the photos that were read last; null before the first.
  std::shared_ptr<FeatureShelf> shelf() const { return shelf_; }

 private:
  void open(const PhotoRequest& request, const DataConfig& data, Observer& observer);

  std::vector<Sample> all_;
  RunOptions run_;
  std::string rules_;  // by which the photos are open
  bool told_ = false;
  OpenedSplit opened_;
  std::shared_ptr<FeatureShelf> shelf_;
};

}  // namespace cvtool
