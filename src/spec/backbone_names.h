// Which pretrained backbones there are by name, and where they lie.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

// Names of the backbones that can be imported, sorted: those that the folder models/bases describes.
std::vector<std::string> backbone_names();

// Where backbones are looked for by name, in this order: the folders of $CVTOOL_BASES (separated by ':'), then `bases`
// in user_data_folder(), where cvtool import puts them.
std::vector<std::string> backbone_folders();

// Names of the backbones that lie in backbone_folders() and of those that can be imported, sorted.
std::vector<std::string> known_backbones();

}  // namespace cvtool
