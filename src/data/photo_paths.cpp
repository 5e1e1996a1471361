#include "data/photo_paths.h"

#include <glob.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/folders.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

using Visit = std::function<bool(PhotoSource)>;
using Stopped = std::function<bool()>;

bool visit_folder(const std::string& folder, const Visit& visit) {
  const std::string prefix = folder.back() == '/' ? folder : folder + "/";
  bool any = false;
  const bool go_on = visit_images(folder, [&](const std::string& path, const std::string& error) {
    any = true;
    return error.empty() ? visit({prefix + path, "", nullptr})
                         : visit({path.empty() ? folder : prefix + path, error, nullptr});
  });
  if (any || !go_on) return go_on;
  return visit({folder, "holds no image (" + join(image_extensions(), " ") + ")", nullptr});
}

// A file or a folder by its name, as it is.
bool visit_path(const std::string& path, const Visit& visit) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0)
    return visit({path,
                  path.empty()      ? "is an empty path"
                  : errno == ENOENT ? "there is no such file"
                                    : std::strerror(errno),
                  nullptr});
  return S_ISDIR(status.st_mode) ? visit_folder(path, visit) : visit({path, "", nullptr});
}

bool visit_pattern(const std::string& pattern, const Visit& visit) {
  glob_t found{};
  const int result = ::glob(pattern.c_str(), GLOB_BRACE | GLOB_TILDE, nullptr, &found);
  const std::unique_ptr<glob_t, void (*)(glob_t*)> owner(&found, ::globfree);
  if (result != 0) return visit({pattern, "no file matches this pattern", nullptr});
  for (size_t i = 0; i < found.gl_pathc; ++i)
    if (!visit_path(found.gl_pathv[i], visit)) return false;
  return true;
}

bool visit_input(const std::string& input, const Visit& visit) {
  const bool pattern = input.find_first_of("*?[{") != std::string::npos && ::access(input.c_str(), F_OK) != 0;
  return pattern ? visit_pattern(input, visit) : visit_path(input, visit);
}

// Standard input piece by piece; read() alone would not notice a stop.
bool read_stdin(std::string& piece, const Stopped& stopped) {
  piece.resize(1 << 16);
  while (!stopped()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&input, 1, 100);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) throw Error(std::string("cannot read standard input: ") + std::strerror(errno));
    piece.resize(static_cast<size_t>(got));
    return got > 0;
  }
  return false;
}

bool visit_listed(std::string path, char separator, const Visit& visit) {
  if (separator == '\n' && !path.empty() && path.back() == '\r') path.pop_back();
  return path.empty() || visit_path(path, visit);
}

bool visit_list(char separator, const Visit& visit, const Stopped& stopped) {
  std::string piece, path;
  while (read_stdin(piece, stopped))
    for (const char c : piece) {
      if (c != separator) {
        path += c;
        continue;
      }
      if (!visit_listed(std::move(path), separator, visit)) return false;
      path.clear();
    }
  return visit_listed(std::move(path), separator, visit);
}

bool visit_stdin_image(const Visit& visit, const Stopped& stopped) {
  auto bytes = std::make_shared<std::string>();
  for (std::string piece; read_stdin(piece, stopped);) {
    *bytes += piece;
    if (bytes->size() > (size_t{1} << 30)) return visit({"-", "is larger than 1 GiB", nullptr});
  }
  return visit({"-", "", std::move(bytes)});
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
    look([](const std::string&) { return true; }, /*first=*/true);
  }

  bool look(const std::function<bool(const std::string&)>& visit, bool first = false) {
    std::unordered_map<std::string, Seen> now;
    bool go_on = true;
    visit_images(folder_, [&](const std::string& name, const std::string& error) {
      Stamp stamp;
      const std::string path = folder_ + (folder_.back() == '/' ? "" : "/") + name;
      if (!error.empty() || !stamp_of(path, stamp)) return true;
      const auto old = seen_.find(name);
      const bool rests = old != seen_.end() && old->second.stamp == stamp;
      const bool done = first || (rests && old->second.done);
      if (go_on && rests && !done) go_on = visit(path);
      now[name] = {stamp, done || rests};
      return true;
    });
    seen_ = std::move(now);
    return go_on;
  }

 private:
  struct Seen {
    Stamp stamp;
    bool done = false;
  };
  std::string folder_;
  std::unordered_map<std::string, Seen> seen_;
};

void visit_watched(const std::string& folder, const Visit& visit, const Stopped& stopped) {
  Watch watch(folder);
  while (!stopped()) {
    const auto begin = std::chrono::steady_clock::now();
    if (!watch.look([&](const std::string& path) { return visit({path, "", nullptr}); })) return;
    // A folder that takes long to look through is looked at less often.
    const auto pause = std::max<std::chrono::steady_clock::duration>(std::chrono::milliseconds(300),
                                                                     10 * (std::chrono::steady_clock::now() - begin));
    for (const auto end = std::chrono::steady_clock::now() + pause;
         std::chrono::steady_clock::now() < end && !stopped();)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

bool is_live(const PhotoSourceOptions& options) {
  for (const std::string& input : options.inputs)
    if (input == "-") return true;
  return options.stdin_image || !options.watch.empty();
}

void visit_photos(const PhotoSourceOptions& options, const Visit& visit, const Stopped& stopped) {
  const Visit unless_stopped = [&](PhotoSource source) { return !stopped() && visit(std::move(source)); };
  if (options.stdin_image && !visit_stdin_image(unless_stopped, stopped)) return;
  for (const std::string& input : options.inputs)
    if (!(input == "-" ? visit_list(options.separator, unless_stopped, stopped) : visit_input(input, unless_stopped)))
      return;
  if (!options.watch.empty()) visit_watched(options.watch, unless_stopped, stopped);
}

}  // namespace cvtool
