#include "data/groups.h"

#include <numeric>
#include <set>

#include "base/output.h"
#include "base/text.h"

namespace cvtool {
namespace {

// The first of all that are joined with `i`; the way is shortened for those that come after.
size_t first_of(std::vector<size_t>& first, size_t i) {
  while (first[i] != i) i = first[i] = first[first[i]];
  return i;
}

}  // namespace

PhotoGroups groups_of(const Listing& listing) {
  PhotoGroups groups;
  for (const ListedPhoto& photo : listing.photos)
    if (!photo.group.empty()) groups.emplace(photo.path, photo.group);
  return groups;
}

std::vector<size_t> joined_groups(const std::vector<size_t>& first, const std::vector<Sample>& samples,
                                  const PhotoGroups& groups) {
  std::vector<size_t> joined(first.size());
  std::iota(joined.begin(), joined.end(), size_t{0});
  const auto join_two = [&](size_t a, size_t b) {
    a = first_of(joined, a), b = first_of(joined, b);
    joined[std::max(a, b)] = std::min(a, b);
  };
  std::map<std::string, size_t> leaders;
  for (size_t i = 0; i < samples.size(); ++i) {
    join_two(i, first[i]);
    if (const auto group = groups.find(samples[i].path); group != groups.end())
      join_two(i, leaders.emplace(group->second, i).first->second);
  }
  for (size_t i = 0; i < joined.size(); ++i) joined[i] = first_of(joined, i);
  return joined;
}

std::string torn_groups_text(const Listing& listing) {
  std::map<std::string, std::set<std::string>> splits;
  for (const ListedPhoto& photo : listing.photos)
    if (!photo.group.empty()) splits[photo.group].insert(photo.split);
  int64_t torn = 0;
  std::string example;
  for (const auto& [group, of_group] : splits)
    if (of_group.size() > 1 && torn++ == 0) example = group;
  if (torn == 0) return "";
  return counted(torn, "group") + (torn == 1 ? " has" : " have") + " photos in several splits, such as '" +
         printable(example) + "': metrics will be too good";
}

}  // namespace cvtool
