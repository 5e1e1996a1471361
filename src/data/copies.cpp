#include "data/copies.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <optional>

#include "base/parallel.h"
#include "data/decode/image_format.h"
#include "data/photos.h"
#include "data/pixel_cache.h"

namespace cvtool {
namespace {

constexpr size_t kPartBytes = 4096;

using Group = std::vector<size_t>;  // indices of samples, in the order of their paths

// A hash of what stands in the middle of a file, where photos differ; nothing for a file that is no image.
std::optional<ContentHash> part_of(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::string head(kSniffedBytes, '\0'), bytes(kPartBytes, '\0');
  head.resize(static_cast<size_t>(std::max<ssize_t>(0, ::pread(file, head.data(), head.size(), 0))));
  const off_t length = ::lseek(file, 0, SEEK_END);
  const off_t begin = std::max<off_t>(0, length / 2 - static_cast<off_t>(kPartBytes / 2));
  const ssize_t got = ::pread(file, bytes.data(), bytes.size(), begin);
  ::close(file);
  if (got < 0 || image_format(head) == ImageFormat::kUnknown) return std::nullopt;
  bytes.resize(static_cast<size_t>(got));
  return content_hash(bytes);
}

// Takes groups apart by what `hash` says of their files; what stays alone is dropped.
std::vector<Group> divided(const std::vector<Group>& groups, const std::vector<std::string>& paths,
                           const std::function<std::optional<ContentHash>(const std::string&)>& hash) {
  Group members;
  for (const Group& group : groups) members.insert(members.end(), group.begin(), group.end());
  std::vector<std::optional<ContentHash>> hashes(members.size());
  for_each_parallel(members.size(), 0, [&](size_t i) { hashes[i] = hash(paths[members[i]]); });
  std::vector<Group> out;
  size_t at = 0;
  for (const Group& group : groups) {
    std::map<ContentHash, Group> parts;
    for (const size_t index : group)
      if (const auto& own = hashes[at++]) parts[*own].push_back(index);
    for (auto& [own, part] : parts)
      if (part.size() > 1) out.push_back(std::move(part));
  }
  return out;
}

}  // namespace

int64_t length_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : 0;
}

std::vector<size_t> first_copies(const std::string& root, const std::vector<Sample>& samples) {
  std::vector<size_t> first(samples.size());
  std::iota(first.begin(), first.end(), size_t{0});
  Group order = first;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return samples[a].path < samples[b].path; });
  std::vector<std::string> paths;
  for (const Sample& sample : samples) paths.push_back(sample_path(root, sample.path));
  std::vector<int64_t> lengths(samples.size());
  for_each_parallel(samples.size(), 0, [&](size_t i) { lengths[i] = length_of(paths[i]); });
  std::map<int64_t, Group> by_length;
  for (const size_t i : order)
    if (lengths[i] > 0) by_length[lengths[i]].push_back(i);
  std::vector<Group> groups;
  for (auto& [length, group] : by_length)
    if (group.size() > 1) groups.push_back(std::move(group));
  groups = divided(divided(groups, paths, part_of), paths, file_content);
  for (const Group& group : groups)
    for (const size_t i : group) first[i] = group[0];
  return first;
}

}  // namespace cvtool
