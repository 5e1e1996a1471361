#include "data/copies.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <type_traits>

#include "base/error.h"
#include "base/parallel.h"
#include "data/archive/photo_place.h"
#include "data/decode/image_format.h"
#include "data/photos.h"
#include "data/pixel_cache.h"

namespace cvtool {
namespace {

constexpr size_t kPartBytes = 4096;

using Group = std::vector<size_t>;  // indices of samples, in the order of their paths

// A hash of what stands in the middle of a file, where photos differ; nothing for a file that is no image.
std::optional<ContentHash> part_of(const std::string& path) {
  try {
    if (image_format(read_photo_part(path, 0, kSniffedBytes)) == ImageFormat::kUnknown) return std::nullopt;
    const auto middle = static_cast<size_t>(length_of(path)) / 2;
    return content_hash(read_photo_part(path, middle - std::min(middle, kPartBytes / 2), kPartBytes));
  } catch (const DataError&) {
    return std::nullopt;
  }
}

// What `find` says of each of `count` files, of several processes of each own one, then of all.
template <class Found>
std::vector<Found> found_of_each(size_t count, const SharedReading& shared, const std::function<Found(size_t)>& find) {
  static_assert(std::is_trivially_copyable_v<Found>);
  std::vector<Found> found(count);
  const std::vector<size_t> own = shared.own_of(count);
  for_each_parallel(own.size(), 0, [&](size_t i) { found[own[i]] = find(own[i]); });
  if (!shared.shared()) return found;
  std::string mine;
  for (const size_t i : own) mine.append(reinterpret_cast<const char*>(&found[i]), sizeof(Found));
  const std::vector<std::string> all = shared.gather(mine);
  std::vector<size_t> places(all.size());
  for (size_t i = 0; i < count; ++i) {
    const size_t reader = shared.reader_of(i);
    std::memcpy(&found[i], all[reader].data() + places[reader], sizeof(Found));
    places[reader] += sizeof(Found);
  }
  return found;
}

struct FilesHash {
  ContentHash hash;
  bool known = false;
};
using HashOfFile = std::function<std::optional<ContentHash>(const std::string&)>;

// Takes groups apart by what `hash` says of their files; what stays alone is dropped.
std::vector<Group> divided(const std::vector<Group>& groups, const std::vector<std::string>& paths,
                           const SharedReading& shared, const HashOfFile& hash) {
  Group members;
  for (const Group& group : groups) members.insert(members.end(), group.begin(), group.end());
  const auto hashes = found_of_each<FilesHash>(members.size(), shared, [&](size_t i) {
    const auto found = hash(paths[members[i]]);
    return found ? FilesHash{*found, true} : FilesHash();
  });
  std::vector<Group> out;
  size_t at = 0;
  for (const Group& group : groups) {
    std::map<ContentHash, Group> parts;
    for (const size_t index : group)
      if (const FilesHash& own = hashes[at++]; own.known) parts[own.hash].push_back(index);
    for (auto& [own, part] : parts)
      if (part.size() > 1) out.push_back(std::move(part));
  }
  return out;
}

}  // namespace

int64_t length_of(const std::string& path) { return place_of(path).bytes; }

std::vector<size_t> first_copies(const std::string& root, const std::vector<Sample>& samples,
                                 const SharedReading& shared) {
  std::vector<size_t> first(samples.size());
  std::iota(first.begin(), first.end(), size_t{0});
  Group order = first;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return samples[a].path < samples[b].path; });
  std::vector<std::string> paths;
  for (const Sample& sample : samples) paths.push_back(sample_path(root, sample.path));
  const auto lengths = found_of_each<int64_t>(samples.size(), shared, [&](size_t i) { return length_of(paths[i]); });
  std::map<int64_t, Group> by_length;
  for (const size_t i : order)
    if (lengths[i] > 0) by_length[lengths[i]].push_back(i);
  std::vector<Group> groups;
  for (auto& [length, group] : by_length)
    if (group.size() > 1) groups.push_back(std::move(group));
  groups = divided(divided(groups, paths, shared, part_of), paths, shared, file_content);
  for (const Group& group : groups)
    for (const size_t i : group) first[i] = group[0];
  return first;
}

}  // namespace cvtool
