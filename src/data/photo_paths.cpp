#include "data/photo_paths.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <filesystem>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "data/archive/photo_place.h"
#include "data/decode/image_format.h"
#include "data/folders.h"
#include "data/list/patterns.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr size_t kMaxStdinBytes = size_t{1} << 30;

std::string in_folder(const std::string& folder, const std::string& name) {
  return folder + (folder.back() == '/' ? "" : "/") + name;
}

std::string why_missing(const std::string& path) {
  struct stat status {};
  const bool there = ::stat(path.c_str(), &status) == 0;
  return there || errno == ENOENT || errno == ENOTDIR ? "there is no such file" : std::strerror(errno);
}

// When a file was last written and how large it is.
struct Stamp {
  int64_t time_ns = 0, bytes = 0;
  bool operator==(const Stamp& other) const { return time_ns == other.time_ns && bytes == other.bytes; }
};

bool stamp_of(const std::string& path, Stamp& stamp) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  stamp = {status.st_mtim.tv_sec * int64_t{1'000'000'000} + status.st_mtim.tv_nsec, status.st_size};
  return true;
}

// Looks at a folder again and again. Not inotify: that sees nothing of what other machines write.
class Watch {
 public:
  explicit Watch(std::string folder) : folder_(std::move(folder)) {
    if (!fs::is_directory(folder_)) throw DataError(folder_ + ": there is no such folder to watch");
    look(/*first=*/true);
  }

  // The photos that are new since the last look.
  std::deque<std::string> look(bool first = false) {
    const auto begin = Clock::now();
    std::unordered_map<std::string, Seen> now;
    std::deque<std::string> found;
    ImageWalk walk(folder_);
    for (std::string name, error; walk.next(name, error);) {
      Stamp stamp;
      const std::string path = in_folder(folder_, name);
      if (!error.empty() || !stamp_of(path, stamp)) continue;
      const auto old = seen_.find(name);
      const bool rests = old != seen_.end() && old->second.stamp == stamp;
      if (rests && !old->second.done) found.push_back(path);
      now[name] = {stamp, first || rests};
    }
    seen_ = std::move(now);
    // A folder that takes long to look through is looked at less often.
    if (!first)
      next_ = Clock::now() + std::max<Clock::duration>(std::chrono::milliseconds(300), 10 * (Clock::now() - begin));
    return found;
  }

  bool due() const { return Clock::now() >= next_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Seen {
    Stamp stamp;
    bool done = false;
  };
  std::string folder_;
  std::unordered_map<std::string, Seen> seen_;
  Clock::time_point next_{};
};

}  // namespace

struct PhotoLister::State {
  PhotoSourceOptions options;
  std::function<bool()> stopped;
  size_t input = 0;               // the next of options.inputs
  std::deque<std::string> paths;  // files and folders to be named before it
  std::string folder;             // whose photos are named first of all, while there is a walk
  std::unique_ptr<ImageWalk> walk;
  PassedOver passed;  // by the walk
  bool walk_is_empty = true;
  bool in_list = false;       // the list on standard input goes on
  std::string piece, listed;  // of that list: what was read of it; a path that is not yet whole
  size_t place = 0;           // in `piece`
  std::unique_ptr<Watch> watch;

  // Makes the next photo known, or comes nearer to it and returns false.
  bool step(PhotoSource& photo) {
    if (walk) return walk_on(photo);
    if (!paths.empty()) {
      const std::string path = std::move(paths.front());
      paths.pop_front();
      return open_path(path, photo);
    }
    if (in_list) return read_list();
    if (std::exchange(options.stdin_image, false)) return read_stdin_image(photo);
    if (input < options.inputs.size()) return open_input(options.inputs[input++], photo);
    return look_again();
  }

  bool at_end() const {
    return !walk && paths.empty() && !in_list && !options.stdin_image && input == options.inputs.size() &&
           options.watch.empty();
  }

  bool walk_on(PhotoSource& photo) {
    std::string name, error;
    if (walk->next(name, error)) {
      photo = {name.empty() ? folder : in_folder(folder, name), error, nullptr};
      walk_is_empty = false;
      return true;
    }
    walk.reset();
    for (const std::string& note : notes_of(std::exchange(passed, {}), folder)) spdlog::warn("{}", printable(note));
    photo = {folder, "holds no image (" + readable_formats() + ")", nullptr};
    return walk_is_empty;
  }

  // A file, a folder or an archive by its name, as it is.
  bool open_path(const std::string& path, PhotoSource& photo) {
    photo = {path, "", nullptr};
    if (path.empty()) {
      photo.error = "is an empty path";
      return true;
    }
    try {
      if (!place_of(path).is_folder()) {
        if (place_of(path).kind == PhotoPlace::Kind::kNothing) photo.error = why_missing(path);
        return true;
      }
    } catch (const DataError& refused) {
      const std::string reason = refused.what();
      photo.error = starts_with(reason, path + ": ") ? reason.substr(path.size() + 2) : reason;
      return true;
    }
    folder = path;
    walk = std::make_unique<ImageWalk>(path, &passed);
    walk_is_empty = true;
    return false;
  }

  bool open_input(const std::string& name, PhotoSource& photo) {
    if (name == "-") {
      in_list = true;
      return false;
    }
    if (!is_pattern(name)) return open_path(name, photo);
    const std::vector<std::string> matches = matches_of(name);
    paths.assign(matches.begin(), matches.end());
    photo = {name, "no file matches this pattern", nullptr};
    return paths.empty();
  }

  // The next path of the list, if there is one in this piece.
  bool read_list() {
    const size_t end = piece.find(options.separator, place);
    listed.append(piece, place, end == std::string::npos ? end : end - place);
    place = end + 1;
    if (end == std::string::npos && read_stdin()) return false;
    in_list = end != std::string::npos;
    if (options.separator == '\n' && !listed.empty() && listed.back() == '\r') listed.pop_back();
    if (!listed.empty()) paths.push_back(std::move(listed));
    listed.clear();
    return false;
  }

  // Another piece of standard input; read() alone would not notice a stop.
  bool read_stdin() {
    piece.resize(1 << 16);
    place = 0;
    while (!stopped()) {
      pollfd waiting{STDIN_FILENO, POLLIN, 0};
      const int ready = ::poll(&waiting, 1, 100);
      if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
      const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got < 0) throw Error(std::string("cannot read standard input: ") + std::strerror(errno));
      piece.resize(static_cast<size_t>(got));
      return got > 0;
    }
    return false;
  }

  bool read_stdin_image(PhotoSource& photo) {
    auto bytes = std::make_shared<std::string>();
    while (bytes->size() <= kMaxStdinBytes && read_stdin()) *bytes += piece;
    const bool whole = bytes->size() <= kMaxStdinBytes;
    photo = whole ? PhotoSource{"-", "", bytes} : PhotoSource{"-", "is larger than 1 GiB", nullptr};
    return true;
  }

  bool look_again() {
    if (!watch) watch = std::make_unique<Watch>(options.watch);
    if (watch->due())
      paths = watch->look();
    else
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return false;
  }
};

PhotoLister::PhotoLister(PhotoSourceOptions options, std::function<bool()> stopped)
    : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->stopped = std::move(stopped);
}

PhotoLister::~PhotoLister() = default;

bool PhotoLister::next(PhotoSource& photo) {
  while (!state_->stopped() && !state_->at_end())
    if (state_->step(photo)) return !state_->stopped();
  return false;
}

bool is_live(const PhotoSourceOptions& options) {
  for (const std::string& input : options.inputs)
    if (input == "-") return true;
  return options.stdin_image || !options.watch.empty();
}

}  // namespace cvtool
