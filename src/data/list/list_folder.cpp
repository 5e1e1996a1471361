#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "base/utf8.h"
#include "data/folders.h"
#include "data/list/listing.h"
#include "data/split_words.h"

namespace cvtool {
namespace {

using Names = std::vector<std::string>;

// What lies directly in the data folder.
struct Contents {
  Names splits;       // folders named train, valid, ... that hold class folders
  Names bare;         // folders named so that hold photos directly
  Names others;       // other folders that hold photos
  Names empty;        // other folders without photos
  bool runs = false;  // a folder 'runs', passed over
};

bool contains(const Names& list, const std::string& word) { return place_of_name(list, word).has_value(); }

Contents contents_of(const std::string& folder, const DataConfig& config, PassedOver& passed) {
  Contents contents;
  for (const auto& name : folders_in(folder, &passed)) {
    const std::string path = folder + "/" + name;
    if (name == "runs" && !contains(config.classes, name)) {
      contents.runs = true;
    } else if (!holds_images(path)) {
      contents.empty.push_back(name);
    } else if (split_name(name).empty()) {
      contents.others.push_back(name);
    } else {
      (folders_with_photos(path).empty() ? contents.bare : contents.splits).push_back(name);
    }
  }
  return contents;
}

std::string layouts_text() { return "expected DIR/train/CLASS/*.jpg and DIR/valid/CLASS/*.jpg, or DIR/CLASS/*.jpg"; }

// Whether the folders named like splits are splits. Where both readings are possible the user must say.
bool is_split_layout(const std::string& folder, const Contents& contents, const DataConfig& config) {
  for (const Names* names : {&contents.splits, &contents.bare})
    for (const std::string& name : *names)
      if (contains(config.classes, name)) return false;
  const auto trains = [](const std::string& name) { return split_name(name) == "train"; };
  const bool train = std::any_of(contents.splits.begin(), contents.splits.end(), trains);
  if (contents.splits.empty()) {
    if (!contents.bare.empty() && contents.others.empty())
      throw DataError(folder + ": " + quoted_list(contents.bare) + " hold photos but no class folders; " +
                      layouts_text() + " (if these are the classes, name them: --classes " + join(contents.bare, ",") +
                      ")");
    return false;
  }
  if (contents.others.empty() || (train && contents.splits.size() > 1)) return true;
  Names all = contents.splits;
  all.insert(all.end(), contents.others.begin(), contents.others.end());
  throw DataError(folder + ": is " + quoted_list(contents.splits) + " a split or a class? Beside it lie " +
                  quoted_list(contents.others) + "; name the classes with --classes (" + join(all, ",") +
                  " if it is one), or move what does not belong here elsewhere");
}

// The folders in which the photos of `folder` lie, below folders that hold nothing but one folder; empty where photos
// lie in it directly.
std::set<std::string> inner_folders(std::string folder) {
  for (int depth = 0; depth < 8; ++depth) {
    const Names names = folders_with_photos(folder);
    if (names.empty() || !images_in(folder).empty()) return {};
    if (names.size() > 1) return {names.begin(), names.end()};
    folder += "/" + names[0];
  }
  return {};
}

// Classes that all hold the same folders are parts of a set, whatever their names.
void refuse_unknown_splits(const std::string& folder, const Names& names, const DataConfig& config) {
  for (const std::string& name : names)
    if (names.size() < 2 || contains(config.classes, name)) return;
  std::set<std::string> common = inner_folders(folder + "/" + names[0]), all = common;
  for (size_t i = 1; i < names.size() && common.size() > 1; ++i) {
    std::set<std::string> both;
    for (const std::string& inner : inner_folders(folder + "/" + names[i])) {
      if (common.count(inner)) both.insert(inner);
      all.insert(inner);
    }
    common = both;
  }
  if (common.size() < 2 || 2 * common.size() < all.size()) return;
  const Names inner(common.begin(), common.end());
  if (std::none_of(inner.begin(), inner.end(), [](const std::string& name) { return split_name(name).empty(); }))
    throw DataError(folder + ": the splits, " + quoted_list(inner) + ", lie inside of the classes " +
                    quoted_list(names) + "; " + layouts_text() +
                    ". To take all photos of each class as one set, name the classes: --classes " + join(names, ","));
  throw DataError(folder + ": the folders " + quoted_list(names) + " all hold the same folders, " + quoted_list(inner) +
                  ": those are the classes, it seems, and these are parts of the set. Name the parts train, valid and "
                  "test, or, if they are the classes, say so: --classes " +
                  join(names, ","));
}

class FolderLister {
 public:
  FolderLister(Listing& listing, PassedOver& passed) : listing_(listing), passed_(passed) {}

  void list_splits(const Contents& contents) {
    std::map<std::string, std::string> seen;
    for (const auto& folder : contents.splits) {
      const std::string split = meaning_of(folder, contents.splits);
      if (!seen.emplace(split, folder).second)
        throw DataError(listing_.root + ": " + quoted_list({seen[split], folder}) +
                        " name the same split twice; keep one of them");
      if (is_evaluation_word(folder))
        listing_.notes.push_back("the folder '" + folder + "' is taken for the " + split + " split");
      for (const auto& name : folders_in(listing_.root + "/" + folder, &passed_))
        list_class(folder + "/" + name, name, split);
      note_loose_photos(listing_.root + "/" + folder, "'" + folder + "'");
    }
    Names unused = contents.others;
    unused.insert(unused.end(), contents.bare.begin(), contents.bare.end());
    if (!unused.empty())
      listing_.notes.push_back("not used: " + quoted_list(unused) + ", which are no splits with classes");
    note_loose_photos(listing_.root, listing_.root);
  }

  void list_classes(const Names& names) {
    for (const auto& name : names) {
      list_class(name, name, "");
      if (!split_name(name).empty()) listing_.notes.push_back("the folder '" + name + "' is taken as a class");
    }
    note_loose_photos(listing_.root, listing_.root);
  }

 private:
  // "eval" is for testing where another folder is for validation.
  static std::string meaning_of(const std::string& folder, const Names& splits) {
    const auto is_valid = [&](const std::string& name) { return name != folder && split_name(name) == "valid"; };
    const bool other = std::any_of(splits.begin(), splits.end(), is_valid);
    return is_evaluation_word(folder) && other ? "test" : split_name(folder);
  }

  void list_class(const std::string& path, const std::string& folder, const std::string& split) {
    const std::string name = nfc(folder);
    const auto [at, added] = folders_.emplace(split + "/" + name, path);
    if (!added)
      listing_.notes.push_back("the folders '" + printable(at->second) + "' and '" + printable(path) +
                               "' are one class: their names are the same text, in two forms of Unicode");
    for (const auto& image : images_below(listing_.root + "/" + path, &passed_))
      listing_.photos.push_back({path + "/" + image, name, split});
  }

  void note_loose_photos(const std::string& folder, const std::string& name) {
    const size_t loose = images_in(folder, &passed_).size();
    if (loose)
      listing_.notes.push_back(counted(static_cast<int64_t>(loose), "photo") + " directly in " + name +
                               " belong to no class and are not used");
  }

  Listing& listing_;
  PassedOver& passed_;
  std::map<std::string, std::string> folders_;  // split/class -> its folder
};

}  // namespace

Listing list_folder(const std::string& folder, const DataConfig& config) {
  Listing listing;
  listing.root = folder;
  while (listing.root.size() > 1 && listing.root.back() == '/') listing.root.pop_back();
  PassedOver passed;
  const Contents contents = contents_of(listing.root, config, passed);
  if (contents.splits.empty() && contents.bare.empty() && contents.others.empty()) {
    const bool loose = !images_in(listing.root, &passed).empty();
    std::string why = folder + (loose ? " holds photos but no class folders; " : " holds no photos; ") + layouts_text();
    for (const std::string& note : notes_of(passed, folder)) why += " (" + note + ")";
    throw DataError(why);
  }
  const bool splits = is_split_layout(listing.root, contents, config);
  listing.layout = splits ? "folders" : "flat";
  FolderLister lister(listing, passed);
  if (splits) {
    lister.list_splits(contents);
  } else {
    Names names = contents.others;
    names.insert(names.end(), contents.bare.begin(), contents.bare.end());
    names.insert(names.end(), contents.splits.begin(), contents.splits.end());
    std::sort(names.begin(), names.end());
    refuse_unknown_splits(listing.root, names, config);
    lister.list_classes(names);
  }
  if (!contents.empty.empty())
    listing.notes.push_back("no photos in the folder" + std::string(contents.empty.size() > 1 ? "s " : " ") +
                            quoted_list(contents.empty));
  if (contents.runs)
    listing.notes.push_back(
        "the folder 'runs' is passed over, as the place of results; if it is a class, name it "
        "with --classes");
  for (std::string& note : notes_of(passed, listing.root)) listing.notes.push_back(std::move(note));
  return listing;
}

}  // namespace cvtool
