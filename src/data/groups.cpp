#include "data/groups.h"

#include <algorithm>
#include <regex>
#include <set>

#include "base/disjoint_sets.h"
#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "base/utf8.h"

namespace cvtool {
namespace {

// The folder of a photo below that of its class; all of it where no folder is called as the class.
std::string folder_below_class(const ListedPhoto& photo) {
  std::vector<std::string> parts = split(photo.path, '/');
  parts.pop_back();
  const auto begin =
      std::find_if(parts.begin(), parts.end(), [&](const std::string& part) { return nfc(part) == photo.class_name; });
  if (begin != parts.end()) parts.erase(parts.begin(), begin + 1);
  return join(parts, "/");
}

std::regex pattern_of(const std::string& group) {
  try {
    return std::regex(group, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error&) {
    throw UsageError("--group: '" + group +
                     "' is neither folder nor a regular expression; '^([^_]+)_' takes what stands before the first "
                     "underscore of a file's name");
  }
}

std::string found_in_name(const std::string& path, const std::regex& pattern) {
  const std::string name = path.substr(path.rfind('/') + 1);
  std::smatch found;
  if (!std::regex_search(name, found, pattern)) return "";
  return found.size() > 1 ? found[1].str() : found[0].str();
}

}  // namespace

void group_photos(Listing& listing, const DataConfig& config) {
  if (config.group.empty()) return;
  if (!config.group_column.empty())
    throw UsageError("--group and --group-column both say what photos have in common; leave one out");
  const bool by_folder = config.group == "folder";
  const std::regex pattern = by_folder ? std::regex() : pattern_of(config.group);
  int64_t alone = 0;
  for (ListedPhoto& photo : listing.photos) {
    photo.group = by_folder ? folder_below_class(photo) : found_in_name(photo.path, pattern);
    alone += photo.group.empty();
  }
  const auto photos = static_cast<int64_t>(listing.photos.size());
  if (alone == photos)
    throw UsageError("--group: '" + config.group + "' finds no group" +
                     (photos > 0 ? ", for instance in " + printable(listing.photos[0].path) : "") +
                     (by_folder ? "; the photos must lie in folders below those of the classes"
                                : "; the pattern is looked for in the file's name, without its folders"));
  if (alone > 0)
    listing.notes.push_back(counted(alone, "photo") + (alone == 1 ? " belongs" : " belong") +
                            " to no group and may lie on either side");
}

GroupsByPath groups_of(const Listing& listing) {
  GroupsByPath groups;
  for (const ListedPhoto& photo : listing.photos)
    if (!photo.group.empty()) groups.emplace(photo.path, photo.group);
  return groups;
}

std::vector<size_t> joined_groups(const std::vector<size_t>& first, const std::vector<Sample>& samples,
                                  const GroupsByPath& groups) {
  DisjointSets sets(first.size());
  std::map<std::string, size_t> leaders;
  for (size_t i = 0; i < samples.size(); ++i) {
    sets.join(i, first[i]);
    if (const auto group = groups.find(samples[i].path); group != groups.end())
      sets.join(i, leaders.emplace(group->second, i).first->second);
  }
  std::vector<size_t> joined;
  for (size_t i = 0; i < sets.count(); ++i) joined.push_back(sets.first_of(i));
  return joined;
}

void check_classes_part(const std::vector<Sample>& samples, const std::vector<size_t>& first,
                        const GroupsByPath& groups, const std::vector<std::string>& classes) {
  std::map<int64_t, std::vector<size_t>> members;
  for (size_t i = 0; i < samples.size(); ++i) members[samples[i].label].push_back(i);
  for (const auto& of_class : members) {
    const int64_t label = of_class.first;
    const std::vector<size_t>& rows = of_class.second;
    const auto elsewhere = [&](size_t row) { return first[row] != first[rows[0]]; };
    if (rows.size() < 2 || std::any_of(rows.begin(), rows.end(), elsewhere)) continue;
    const auto grouped =
        std::find_if(rows.begin(), rows.end(), [&](size_t row) { return groups.count(samples[row].path) > 0; });
    if (grouped == rows.end()) continue;
    throw DataError("the group '" + printable(groups.at(samples[*grouped].path)) + "' holds all " +
                    counted(static_cast<int64_t>(rows.size()), "photo") + " of the class '" +
                    printable(classes.at(static_cast<size_t>(label))) +
                    "', which cannot be on both sides of a split then; group the photos otherwise, or leave the "
                    "class out with --classes");
  }
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
