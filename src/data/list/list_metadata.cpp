#include "base/utf8.h"
#include "data/archive/photo_place.h"
#include "data/folders.h"
#include "data/list/list_table.h"
#include "data/list/listing.h"
#include "data/split_words.h"

namespace cvtool {
namespace {

// Whether it names files and labels; captions and boxes are no labels.
bool has_labels_in(const std::string& file, const DataConfig& config) {
  const std::vector<std::string> names = read_list(file).records[0].fields;
  const auto has = [&](const std::string& name) { return place_of_name(names, name).has_value(); };
  const bool labels = config.label_column.empty() ? usual_label(names) != SIZE_MAX : has(config.label_column);
  return labels && has(config.path_column.empty() ? "file_name" : config.path_column);
}

// The list of a folder; "" where there is none.
std::string metadata_in(const std::string& folder) {
  for (const char* name : {"metadata.csv", "metadata.jsonl", "metadata.tsv"})
    if (const std::string file = folder + "/" + name; place_of(file).is_file()) return file;
  return "";
}

}  // namespace

std::optional<Listing> list_metadata(const std::string& folder, const DataConfig& config,
                                     std::vector<std::string>& notes) {
  const auto listed = [&](const std::string& file) -> std::optional<Listing> {
    if (has_labels_in(file, config)) return list_csv(file, config);
    notes.push_back(file + ": not used, it has no columns 'file_name' and 'label' (--path-column, --label-column)");
    return {};
  };
  if (const std::string file = metadata_in(folder); !file.empty()) return listed(file);
  Listing all;
  all.root = folder;
  all.layout = "csv";
  for (const std::string& name : folders_in(folder)) {
    const std::string split = split_name(name), file = split.empty() ? "" : metadata_in(folder + "/" + name);
    if (file.empty()) continue;
    const std::optional<Listing> one = listed(file);
    if (!one) return {};
    for (const ListedPhoto& photo : one->photos)
      all.photos.push_back({name + "/" + photo.path, photo.class_name, split, photo.group});
    all.notes.insert(all.notes.end(), one->notes.begin(), one->notes.end());
  }
  if (all.photos.empty()) return {};
  return all;
}

}  // namespace cvtool
