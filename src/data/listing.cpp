#include "data/listing.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/folders.h"

namespace cvtool {
namespace {

struct Columns {
  size_t path = 0, label = 1, split = 2;
  bool named = false;
};

Columns columns_of(const CsvRecord& first) {
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < first.fields.size(); ++i) places[lower(first.fields[i])] = i;
  if (!places.count("path") || !places.count("label")) return {};
  return {places["path"], places["label"], places.count("split") ? places["split"] : SIZE_MAX, true};
}

ListedPhoto photo_of(const CsvRecord& record, const Columns& columns, const std::string& where) {
  const auto field = [&](size_t column) {
    return column < record.fields.size() ? record.fields[column] : std::string();
  };
  ListedPhoto photo{field(columns.path), field(columns.label), field(columns.split)};
  if (photo.path.empty()) throw DataError(where + "the path is empty; write path,label[,split]");
  if (photo.class_name.empty()) throw DataError(where + "the label is empty; write path,label[,split]");
  if (photo.split.empty()) return photo;
  const std::string known = split_name(lower(photo.split));
  if (known.empty()) throw DataError(where + unknown_word("split", photo.split, {"train", "valid", "test"}));
  photo.split = known;
  return photo;
}

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

Listing list_csv(const std::string& file) {
  const auto records = csv_records(read_file(file), file);
  if (records.empty()) throw DataError(file + " is empty; write lines path,label[,split]");
  const Columns columns = columns_of(records[0]);
  Listing listing;
  const auto parent = std::filesystem::path(file).parent_path().string();
  listing.root = parent.empty() ? "." : parent;
  listing.layout = "csv";
  std::map<std::string, std::pair<size_t, size_t>> lines;  // path -> line, index of the photo
  size_t repeated = 0, without_split = 0;
  for (size_t i = columns.named ? 1 : 0; i < records.size(); ++i) {
    const std::string where = file + ", line " + std::to_string(records[i].line) + ": ";
    ListedPhoto photo = photo_of(records[i], columns, where);
    const auto [at, added] = lines.emplace(photo.path, std::make_pair(records[i].line, listing.photos.size()));
    if (!added) {
      const ListedPhoto& other = listing.photos[at->second.second];
      if (other.class_name != photo.class_name || other.split != photo.split)
        throw DataError(where + photo.path + " is listed with another label or split in line " +
                        std::to_string(at->second.first) + "; keep one of them");
      ++repeated;
      continue;
    }
    without_split += photo.split.empty();
    listing.photos.push_back(std::move(photo));
  }
  if (repeated) listing.notes.push_back(counted(static_cast<int64_t>(repeated), "repeated line") + " passed over");
  if (without_split != 0 && without_split != listing.photos.size())
    throw DataError(file + ": " + std::to_string(without_split) +
                    " lines name no split and the others do; name it in all lines or in none");
  return listing;
}

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
