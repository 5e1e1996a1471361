#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "data/folders.h"
#include "data/listing.h"

namespace cvtool {
namespace {

// What lies directly in the data folder.
struct Contents {
  std::vector<std::string> splits;  // folders named train, valid, ... that hold class folders
  std::vector<std::string> bare;    // folders named so that hold photos directly
  std::vector<std::string> others;  // other folders that hold photos
  std::vector<std::string> empty;   // other folders without photos
};

bool has_class_folders(const std::string& folder) {
  const auto names = folders_in(folder);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return holds_images(folder + "/" + name); });
}

Contents contents_of(const std::string& folder) {
  Contents contents;
  for (const auto& name : folders_in(folder)) {
    if (name == "runs") continue;
    const std::string path = folder + "/" + name;
    if (!holds_images(path)) {
      contents.empty.push_back(name);
    } else if (split_name(name).empty()) {
      contents.others.push_back(name);
    } else {
      (has_class_folders(path) ? contents.splits : contents.bare).push_back(name);
    }
  }
  return contents;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string layouts_text() { return "expected DIR/train/CLASS/*.jpg and DIR/valid/CLASS/*.jpg, or DIR/CLASS/*.jpg"; }

// Whether the folders named like splits are splits. Where both readings are possible the user must say.
bool is_split_layout(const std::string& folder, const Contents& contents, const DataConfig& config) {
  for (const auto& word : {"train", "valid", "val", "validation", "test"})
    if (contains(config.classes, word)) return false;
  const bool train = contains(contents.splits, "train");
  if (contents.splits.empty()) {
    if (!contents.bare.empty() && contents.others.empty())
      throw DataError(folder + ": " + quoted_list(contents.bare) + " hold photos but no class folders; " +
                      layouts_text() + " (if these are the classes, name them: --classes " + join(contents.bare, ",") +
                      ")");
    return false;
  }
  if (contents.others.empty() || (train && contents.splits.size() > 1)) return true;
  std::vector<std::string> all = contents.splits;
  all.insert(all.end(), contents.others.begin(), contents.others.end());
  throw DataError(folder + ": is " + quoted_list(contents.splits) + " a split or a class? Beside it lie " +
                  quoted_list(contents.others) + "; name the classes with --classes (" + join(all, ",") +
                  " if it is one), or move what does not belong here elsewhere");
}

void list_class(Listing& listing, const std::string& path, const std::string& name, const std::string& split) {
  for (const auto& image : images_below(listing.root + "/" + path))
    listing.photos.push_back({path + "/" + image, name, split});
}

void list_split_folders(Listing& listing, const Contents& contents) {
  std::vector<std::string> seen;
  for (const auto& folder : contents.splits) {
    const std::string split = split_name(folder);
    if (contains(seen, split))
      throw DataError(listing.root + ": " + quoted_list(contents.splits) +
                      " name the same split twice; keep one of them");
    seen.push_back(split);
    for (const auto& name : folders_in(listing.root + "/" + folder))
      list_class(listing, folder + "/" + name, name, split);
    const size_t loose = images_in(listing.root + "/" + folder).size();
    if (loose)
      listing.notes.push_back(counted(static_cast<int64_t>(loose), "photo") + " directly in '" + folder +
                              "' belong to no class and are not used");
  }
  std::vector<std::string> unused = contents.others;
  unused.insert(unused.end(), contents.bare.begin(), contents.bare.end());
  if (!unused.empty())
    listing.notes.push_back("not used: " + quoted_list(unused) + ", which are no splits with classes");
}

void list_class_folders(Listing& listing, const Contents& contents) {
  std::vector<std::string> names = contents.others;
  names.insert(names.end(), contents.bare.begin(), contents.bare.end());
  names.insert(names.end(), contents.splits.begin(), contents.splits.end());
  std::sort(names.begin(), names.end());
  for (const auto& name : names) {
    list_class(listing, name, name, "");
    if (!split_name(name).empty()) listing.notes.push_back("the folder '" + name + "' is taken as a class");
  }
  const size_t loose = images_in(listing.root).size();
  if (loose && !names.empty())
    listing.notes.push_back(counted(static_cast<int64_t>(loose), "photo") + " directly in " + listing.root +
                            " belong to no class and are not used");
}

}  // namespace

std::string split_name(const std::string& word) {
  if (word == "train" || word == "test") return word;
  return word == "valid" || word == "val" || word == "validation" ? "valid" : "";
}

Listing list_folder(const std::string& folder, const DataConfig& config) {
  Listing listing;
  listing.root = folder;
  while (listing.root.size() > 1 && listing.root.back() == '/') listing.root.pop_back();
  const Contents contents = contents_of(listing.root);
  if (contents.splits.empty() && contents.bare.empty() && contents.others.empty()) {
    const bool loose = !images_in(listing.root).empty();
    throw DataError(folder + (loose ? " holds photos but no class folders; " : " holds no photos; ") + layouts_text());
  }
  const bool splits = is_split_layout(listing.root, contents, config);
  listing.layout = splits ? "folders" : "flat";
  if (splits)
    list_split_folders(listing, contents);
  else
    list_class_folders(listing, contents);
  if (!contents.empty.empty())
    listing.notes.push_back("no photos in the folder" + std::string(contents.empty.size() > 1 ? "s " : " ") +
                            quoted_list(contents.empty));
  return listing;
}

}  // namespace cvtool
