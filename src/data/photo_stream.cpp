#include "data/photo_stream.h"

#include <opencv2/core.hpp>

#include "base/error.h"

namespace cvtool {
namespace {

void read_photo(StreamedPhoto& photo, const PhotoStreamOptions& options) {
  if (!photo.source.error.empty() || !photo.is_own) return;
  try {
    const std::string bytes = photo.source.bytes ? *photo.source.bytes : read_photo_file(photo.source.path);
    const DecodeOptions decode = decode_options(options.data, options.read);
    photo.pixels = options.own_size ? decode_for_net(bytes, decode, options.data, &photo.damage)
                                    : decode_resized(bytes, decode, options.data, &photo.damage);
  } catch (const Error& error) {
    photo.source.error = error.what();
  } catch (const cv::Exception& error) {
    photo.source.error = "cannot be decoded: " + error.err;
  } catch (const std::bad_alloc&) {
    photo.source.error = "needs more memory than there is";
  }
}

}  // namespace

struct PhotoStream::State {
  PhotoStreamOptions options;
  PhotoLister lister;
  size_t named = 0;
  OrderedPrefetch<StreamedPhoto> photos;

  explicit State(PhotoStreamOptions wanted)
      : options(std::move(wanted)), lister(options.sources, [this] { return photos.stopped(); }), photos(plan()) {}

  PrefetchPlan<StreamedPhoto> plan() {
    PrefetchPlan<StreamedPhoto> plan;
    plan.source = [this](StreamedPhoto& photo) {
      photo.is_own = options.dealing.is_own(named++);
      return lister.next(photo.source);
    };
    plan.work = [this](StreamedPhoto& photo) { read_photo(photo, options); };
    plan.workers = worker_count(options.read.workers);
    plan.window = static_cast<size_t>(options.ahead);
    return plan;
  }
};

PhotoStream::PhotoStream(PhotoStreamOptions options) : state_(std::make_unique<State>(std::move(options))) {}

PhotoStream::~PhotoStream() = default;

Got PhotoStream::next(StreamedPhoto& photo, std::chrono::milliseconds patience) {
  State& s = *state_;
  while (true) {
    const Got got = s.photos.next(photo, patience);
    // Only a photo that has yet to be named is waited for no longer: batches do not depend on how fast photos are read.
    if (got != Got::kNothingYet || (is_live(s.options.sources) && !s.photos.under_way())) return got;
  }
}

}  // namespace cvtool
