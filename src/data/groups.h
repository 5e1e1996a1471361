// What photos have in common beside their class: a patient, an animal, a scene.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/list/listing.h"

namespace cvtool {

// Path of a photo -> its group; photos without one are left out.
using PhotoGroups = std::map<std::string, std::string>;
PhotoGroups groups_of(const Listing& listing);

// `first` (as first_copies gives it) such that the photos of a group, and copies of them, have one first photo.
std::vector<size_t> joined_groups(const std::vector<size_t>& first, const std::vector<Sample>& samples,
                                  const PhotoGroups& groups);

// What should be said about groups with photos in several splits that the listing names; "" where there is none.
std::string torn_groups_text(const Listing& listing);

}  // namespace cvtool
