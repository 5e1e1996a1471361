// Walking through folders of photos. Internal to data/.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace cvtool {

// True for the name of a folder or file that is never looked at: it begins with a dot.
bool is_hidden(const std::string& name);

bool has_image_extension(const std::string& name);

// The names of the folders in `folder` (links to folders too) but hidden ones, in code-point order.
// Throws DataError naming a folder that cannot be read.
std::vector<std::string> folders_in(const std::string& folder);

// The names of the images lying in `folder` itself, in code-point order.
std::vector<std::string> images_in(const std::string& folder);

// Gets the path of an image relative to the start of the walk, or the path of a folder and why it cannot be
// read ("" otherwise). Returns false to end the walk.
using ImageVisit = std::function<bool(const std::string& path, const std::string& error)>;

// Visits every image below `folder` in code-point order of the paths, without keeping them. Returns false when
// the visitor ended it.
bool visit_images(const std::string& folder, const ImageVisit& visit);

// Paths of every image below `folder`, relative to it, '/' between folders, in code-point order. Symbolic
// links are followed; one that leads back to a folder above it is a DataError.
std::vector<std::string> images_below(const std::string& folder);

// True when there is an image below `folder`.
bool holds_images(const std::string& folder);

}  // namespace cvtool
