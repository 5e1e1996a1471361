#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "data/archive/photo_place.h"
#include "data/folders.h"
#include "data/list/json_lines.h"
#include "data/list/listing.h"
#include "data/list/patterns.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// The archives in a folder of the file system and in those directly below it, by path; none where photos lie there too.
std::vector<std::string> archives_in(const std::string& folder) {
  if (holds_images(folder)) return {};
  std::vector<std::string> archives;
  const auto add = [&](const std::string& place) {
    std::error_code error;
    for (auto entry = fs::directory_iterator(place, error); !error && entry != fs::directory_iterator();
         entry.increment(error))
      if (is_archive_name(entry->path().filename().string()) && archive_path(entry->path().string()))
        archives.push_back(place + "/" + entry->path().filename().string());
  };
  add(folder);
  for (const std::string& name : folders_in(folder)) add(folder + "/" + name);
  std::sort(archives.begin(), archives.end());
  return archives;
}

Listing list_pattern(const std::string& pattern, const DataConfig& config) {
  std::vector<std::string> missing;
  std::vector<std::string> archives = matches_of(pattern, &missing);
  if (archives.empty()) throw DataError(pattern + ": no file fits this pattern; name archives, such as 'shards/*.tar'");
  if (!missing.empty())
    throw DataError(pattern + ": there is no " + missing[0] + " (" +
                    counted(static_cast<int64_t>(missing.size()), "file") +
                    " of the range); fetch it, or name what is there");
  for (const std::string& archive : archives)
    if (!archive_path(archive))
      throw DataError(archive +
                      ": is no archive; a pattern names archives such as 'shards/*.tar', a folder is named itself");
  // Of the matches, not of the pattern: its last '/' may stand in a set of names.
  std::string root = fs::path(archives[0]).parent_path().string();
  const auto lies_in = [&](const std::string& archive) { return starts_with(archive, root + "/"); };
  while (!root.empty() && root != "/" && !std::all_of(archives.begin(), archives.end(), lies_in))
    root = fs::path(root).parent_path().string();
  std::sort(archives.begin(), archives.end());
  if (!root.empty()) return list_shards(root, archives, config);
  for (std::string& archive : archives) archive = starts_with(archive, "/") ? archive : "./" + archive;
  return list_shards(".", archives, config);
}

Listing list_whole_folder(const std::string& folder, const DataConfig& config) {
  std::vector<std::string> notes;
  std::optional<Listing> listing = list_metadata(folder, config, notes);
  if (!listing) listing = list_labels(folder, config);
  if (!listing) listing = list_folder(folder, config);
  listing->notes.insert(listing->notes.begin(), notes.begin(), notes.end());
  return std::move(*listing);
}

}  // namespace

std::string data_folder(const std::string& path) {
  const auto archived = archive_path(path);
  return archived && archived->inside.empty() ? folder_of_photos(archived->archive) : path;
}

bool is_data_there(const std::string& path) {
  return is_pattern(path) || place_of(path).kind != PhotoPlace::Kind::kNothing;
}

Listing list_data(const std::string& path, const DataConfig& config) {
  if (is_pattern(path)) return list_pattern(path, config);
  const PhotoPlace place = place_of(path);
  if (path.empty() || place.kind == PhotoPlace::Kind::kNothing)
    throw DataError("there is no " + (path.empty() ? "folder ''" : path) +
                    "; name a folder of photos, an archive of one, or a CSV file");
  std::string folder = data_folder(path);
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  if (place.is_folder()) {
    if (!archive_path(path))
      if (const std::vector<std::string> archives = archives_in(folder); !archives.empty())
        return list_shards(folder, archives, config);
    return list_whole_folder(folder, config);
  }
  const std::string name = lower(path);
  if (!ends_with(name, ".csv") && !ends_with(name, ".tsv") && !ends_with(name, ".txt") && !is_json_lines(name))
    throw DataError(path +
                    " is neither a folder nor a CSV file; name a folder of photos, an archive of one (.zip, .tar) or a "
                    "file path,label[,split]");
  return list_csv(path, config);
}

}  // namespace cvtool
