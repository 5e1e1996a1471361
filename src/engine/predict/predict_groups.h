// Photos as predict puts them through the net.
#pragma once

#include <chrono>
#include <vector>

#include "base/ordered_prefetch.h"
#include "data/photo_stream.h"
#include "evaluate/opened_model.h"
#include "spec/requests.h"

namespace cvtool {

// Photos that go through the net together, in order; source.error says why one could not be read.
struct PhotoGroup {
  std::vector<StreamedPhoto> photos;
  Prediction prediction;  // of those that could be read; its features as compared_features gives them, where --unknown
                          // asks for them
  bool is_own = true;     // of several processes, that it is this one's to predict
};

// Photos as they are read, in groups that go through the net in lanes (on a GPU in one), in order. Of several processes
// (`process` of `processes`) all have the same groups, of as many photos each, and predict them in turns.
class PhotoGroups {
 public:
  // Both outlive this.
  PhotoGroups(const AskedModel& opened, const PredictRequest& request, size_t process = 0, size_t processes = 1);

  // The next group; kNothingYet after a while in which there was none.
  Got next(PhotoGroup& group);

 private:
  bool on_cpu() const { return opened_.predictor.net().device().is_cpu(); }
  size_t lanes_for(const PredictRequest& request) const;
  PhotoStreamOptions stream_options(const PredictRequest& request, size_t process) const;
  PrefetchPlan<PhotoGroup> plan();
  bool collect(PhotoGroup& group);
  void predict(PhotoGroup& group) const;

  const AskedModel& opened_;
  bool wants_features_;
  size_t processes_;
  int64_t rows_;
  size_t lanes_;
  PhotoStream stream_;
  OrderedPrefetch<PhotoGroup> groups_;  // last: it reads the stream
};

}  // namespace cvtool
