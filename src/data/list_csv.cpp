#include <algorithm>
#include <filesystem>
#include <map>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/listing.h"

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

}  // namespace cvtool
