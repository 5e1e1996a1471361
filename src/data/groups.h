// What photos have in common beside their class: a patient, a camera, an album. A group lies on one side of every
// split.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/list/listing.h"

namespace cvtool {

// Puts photos into the groups that config.group finds, where it is not empty: "folder" is the folder's path below the
// class's, anything else a pattern of which the part in brackets, or all that it matched in the file's name, names the
// group. A photo in which nothing is found stays by itself, with a note. Throws UsageError where no photo gets a group,
// for a pattern that is none, and where config.group_column says something else.
void group_photos(Listing& listing, const DataConfig& config);

// Path of a photo -> its group; photos without one are left out.
using GroupsByPath = std::map<std::string, std::string>;
GroupsByPath groups_of(const Listing& listing);

// `first` (as first_copies gives it) such that the photos of a group, and copies of them, have one first photo.
std::vector<size_t> joined_groups(const std::vector<size_t>& first, const std::vector<Sample>& samples,
                                  const GroupsByPath& groups);

// Throws DataError where all photos of a class, two and more, stay with one (`first`, as joined_groups gives it)
// because of a group: it could not be on both sides.
void check_classes_part(const std::vector<Sample>& samples, const std::vector<size_t>& first,
                        const GroupsByPath& groups, const std::vector<std::string>& classes);

// What should be said about groups with photos in several splits that the listing names; "" where there is none.
std::string torn_groups_text(const Listing& listing);

}  // namespace cvtool
