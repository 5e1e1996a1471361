#include "data/photo_stream.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <opencv2/core.hpp>
#include <thread>
#include <vector>

#include "base/error.h"
#include "data/parallel.h"

namespace cvtool {
namespace {

void read_photo(StreamedPhoto& photo, const PhotoStreamOptions& options) {
  if (!photo.source.error.empty()) return;
  try {
    photo.pixels = decode_resized(photo.source.bytes ? *photo.source.bytes : read_photo_file(photo.source.path),
                                  options.decode, options.data);
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
  struct Slot {
    StreamedPhoto photo;
    bool read = false;
  };

  PhotoStreamOptions options;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::unique_ptr<Slot>> window;  // in order: read, being read, waiting
  size_t taken = 0;                          // how many of the window are not waiting
  bool listed = false, stopping = false;
  std::exception_ptr error;
  std::vector<std::thread> threads;

  bool is_stopping() {
    const std::lock_guard<std::mutex> lock(mutex);
    return stopping;
  }

  bool add(PhotoSource source) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return stopping || window.size() < static_cast<size_t>(options.ahead); });
    if (stopping) return false;
    window.push_back(std::make_unique<Slot>());
    window.back()->photo.source = std::move(source);
    changed.notify_all();
    return true;
  }

  void list() {
    try {
      visit_photos(
          options.sources, [this](PhotoSource source) { return add(std::move(source)); },
          [this] { return is_stopping(); });
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      error = std::current_exception();
    }
    const std::lock_guard<std::mutex> lock(mutex);
    listed = true;
    changed.notify_all();
  }

  void work() {
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return stopping || taken < window.size() || listed; });
      if (stopping || taken >= window.size()) return;
      Slot& slot = *window[taken++];
      lock.unlock();
      read_photo(slot.photo, options);
      lock.lock();
      slot.read = true;
      changed.notify_all();
    }
  }
};

PhotoStream::PhotoStream(PhotoStreamOptions options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->threads.emplace_back([this] { state_->list(); });
  for (size_t i = worker_count(state_->options.workers); i > 0; --i)
    state_->threads.emplace_back([this] { state_->work(); });
}

PhotoStream::~PhotoStream() {
  stop();
  for (auto& thread : state_->threads) thread.join();
}

void PhotoStream::stop() {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->stopping = true;
  state_->changed.notify_all();
}

PhotoStream::Got PhotoStream::next(StreamedPhoto& photo, std::chrono::milliseconds patience) {
  State& s = *state_;
  std::unique_lock<std::mutex> lock(s.mutex);
  const auto something = [&] { return s.stopping || !s.window.empty() || s.listed; };
  if (!is_live(s.options.sources))
    s.changed.wait(lock, something);
  else if (!s.changed.wait_for(lock, patience, something))
    return Got::kNothingYet;
  s.changed.wait(lock, [&] { return s.stopping || s.window.empty() || s.window.front()->read; });
  if (s.stopping || s.window.empty()) {
    if (s.error) std::rethrow_exception(s.error);
    return Got::kEnd;
  }
  photo = std::move(s.window.front()->photo);
  s.window.pop_front();
  --s.taken;
  s.changed.notify_all();
  return Got::kPhoto;
}

}  // namespace cvtool
