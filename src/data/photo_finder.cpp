#include "data/photo_finder.h"

#include <algorithm>

#include "base/text.h"
#include "data/archive/photo_place.h"
#include "data/dataset.h"
#include "data/folders.h"

namespace cvtool {
namespace {

// A list in a folder with far more files is not followed into all of them.
constexpr size_t kMaxIndexed = 5'000'000;

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string without_ending(const std::string& path) {
  const size_t dot = path.rfind('.'), slash = path.rfind('/');
  return dot == std::string::npos || (slash != std::string::npos && dot < slash) ? path : path.substr(0, dot);
}

// True for "a/b/id.jpg" and "b/id.jpg" or "b/id".
bool ends_in(const std::string& candidate, const std::string& path) {
  for (const std::string& whole : {candidate, without_ending(candidate)})
    if (whole == path || ends_with(whole, "/" + path)) return true;
  return false;
}

}  // namespace

bool PhotoFinder::is_there(const std::string& path) const { return place_of(sample_path(root_, path)).is_file(); }

const std::vector<std::string>& PhotoFinder::below(const std::string& name) {
  static const std::vector<std::string> kNoPaths;
  if (!index_) {
    index_.emplace();
    size_t count = 0;
    ImageWalk walk(root_);
    for (std::string path, error; count < kMaxIndexed && walk.next(path, error); ++count) {
      if (!error.empty()) continue;
      const std::string file = name_of(path), stem = without_ending(file);
      (*index_)[file].push_back(path);
      if (stem != file) (*index_)[stem].push_back(path);
    }
  }
  const auto found = index_->find(name);
  return found == index_->end() ? kNoPaths : found->second;
}

std::string PhotoFinder::find(const std::string& path, std::vector<std::string>* several) {
  if (path.empty() || is_there(path)) return path;
  std::string wanted = path;
  std::replace(wanted.begin(), wanted.end(), '\\', '/');
  if (wanted != path && is_there(wanted)) return wanted;
  if (starts_with(wanted, "/")) return "";
  while (starts_with(wanted, "./")) wanted.erase(0, 2);
  std::vector<std::string> fitting;
  for (const std::string& candidate : below(name_of(wanted)))
    if (ends_in(candidate, wanted)) fitting.push_back(candidate);
  // The one that lies where the list says goes before those in folders below.
  for (const std::string& candidate : fitting)
    if (without_ending(candidate) == wanted && fitting.size() > 1) {
      const auto beside = [&](const std::string& other) { return without_ending(other) == wanted; };
      if (std::count_if(fitting.begin(), fitting.end(), beside) == 1) return candidate;
    }
  if (fitting.size() > 1 && several) *several = {fitting[0], fitting[1]};
  return fitting.size() == 1 ? fitting[0] : "";
}

}  // namespace cvtool
