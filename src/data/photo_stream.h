// Photos read ahead by worker threads, in order, with bounded memory.
#pragma once

#include <memory>
#include <opencv2/core/mat.hpp>
#include <string>

#include "base/ordered_prefetch.h"
#include "data/image.h"
#include "data/photo_paths.h"
#include "data/shared_reading.h"
#include "spec/requests.h"

namespace cvtool {

struct StreamedPhoto {
  PhotoSource source;  // source.error says why there are no pixels
  cv::Mat pixels;  // as decode_for_net gives them, of the config's size, or of its own (PhotoStreamOptions::own_size)
  std::string damage;  // what of it could not be decoded; empty where all could
  bool is_own = true;  // of several processes, that it is this one's to read; else there are no pixels
};

struct PhotoStreamOptions {
  PhotoSourceOptions sources;
  DataConfig data;
  ReadOptions read;
  int64_t ahead = 64;     // photos that may be kept ready
  PhotoDealing dealing;   // all are named, and the own ones read
  bool own_size = false;  // photos are decoded in full and not resized
};

// Reads as the photo store does: the same file gives the same pixels in train, eval and predict.
class PhotoStream {
 public:
  explicit PhotoStream(PhotoStreamOptions options);
  ~PhotoStream();

  // The next photo in order. kNothingYet: the sources are live and have named no photo for `patience`. Throws
  // what listing the sources threw.
  Got next(StreamedPhoto& photo, std::chrono::milliseconds patience);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cvtool
