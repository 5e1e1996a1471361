#include "data/list/csv_columns.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "data/decode/image_format.h"
#include "data/split_words.h"

namespace cvtool {
namespace {

constexpr size_t kNone = SIZE_MAX;
constexpr size_t kTriedRecords = 50;

using Words = std::vector<std::string>;

// The names that people give to columns, the surest first; lower case, without blanks, '_' and '-'.
const Words kPathNames{"path",      "filepath", "imagepath", "filename", "imagename", "imagefile", "file",    "fname",
                       "image",     "imageid",  "img",       "imgid",    "imgpath",   "photo",     "photoid", "picture",
                       "filenames", "images",   "paths",     "files",    "id",        "name",      "names"};
const Words kLabelNames{"label",     "class",   "classname", "labels",    "category",   "target",  "species",
                        "breed",     "classid", "labelid",   "labelname", "categoryid", "classes", "targets",
                        "diagnosis", "y",       "tag",       "type",      "cls"};
const Words kSplitNames{"split", "subset", "partition", "fold", "set", "phase", "usage", "datasplit", "dataset"};

const Words kGroupNames{"group", "groupid", "groups"};

std::string plain(const std::string& name) {
  std::string out;
  for (const char c : lower(name))
    if (c != ' ' && c != '_' && c != '-') out += c;
  return out;
}

class ColumnFinder {
 public:
  ColumnFinder(const std::vector<CsvRecord>& records, PhotoFinder& finder) : records_(records), finder_(finder) {
    tried_ = std::min(records.size(), kTriedRecords + 1);
    for (const std::string& field : first()) names_.push_back(plain(field));
  }

  const Words& first() const { return records_[0].fields; }
  size_t count() const { return first().size(); }

  size_t named(const Words& known, const Words& besides = {}) const {
    for (const std::string& word : known)
      for (size_t i = 0; i < names_.size(); ++i)
        if (names_[i] == word && std::find(besides.begin(), besides.end(), word) == besides.end()) return i;
    return kNone;
  }

  // In how many of the records behind the first the field names a file.
  size_t files_in(size_t column) {
    if (files_.empty()) count_files();
    return column < files_.size() ? files_[column] : 0;
  }

  // Where most fields name files; the first of those that are equal.
  size_t fullest() {
    size_t best = 0;
    for (size_t i = 1; i < count(); ++i)
      if (files_in(i) > files_in(best)) best = i;
    return best;
  }

  bool names_file(const std::string& field) {
    if (field.empty() || field.find("://") != std::string::npos) return false;
    return format_of_extension(field) != ImageFormat::kUnknown || !finder_.find(field).empty();
  }

  // True where another record holds the first one's field too.
  bool returns(size_t column) const {
    for (size_t i = 1; i < records_.size(); ++i)
      if (column < records_[i].fields.size() && records_[i].fields[column] == first()[column]) return true;
    return false;
  }

  // The first column beside `path` and `label` whose every field is the name of a split, train and another one among
  // them, or empty.
  size_t telling_splits(size_t path, size_t label) const {
    for (size_t column = 0; column < count(); ++column)
      if (column != path && column != label && tells_splits(column)) return column;
    return kNone;
  }

  // True where every tried field is the name of a split or empty.
  bool holds_splits(size_t column) const { return tried_ > 1 && splits_in(column, tried_).has_value(); }

 private:
  // The splits that the column's fields name, before the record `end`; nothing where a field is no such name.
  std::optional<std::set<std::string>> splits_in(size_t column, size_t end) const {
    std::set<std::string> splits;
    for (size_t i = 1; i < end; ++i) {
      const Words& fields = records_[i].fields;
      if (column >= fields.size() || fields[column].empty()) continue;
      const std::string split = split_name(fields[column]);
      if (split.empty()) return {};
      splits.insert(split);
    }
    return splits;
  }

  bool tells_splits(size_t column) const {
    const auto splits = splits_in(column, records_.size());
    return splits && splits->size() > 1 && splits->count("train") > 0;
  }

  void count_files() {
    files_.assign(count(), 0);
    for (size_t i = 1; i < tried_; ++i)
      for (size_t c = 0; c < count() && c < records_[i].fields.size(); ++c)
        files_[c] += names_file(records_[i].fields[c]);
  }

  const std::vector<CsvRecord>& records_;
  PhotoFinder& finder_;
  size_t tried_ = 0;
  Words names_;
  std::vector<size_t> files_;
};

size_t asked_column(const ColumnFinder& finder, const std::string& flag, const std::string& name) {
  if (name.empty()) return kNone;
  if (const auto place = place_of_name(finder.first(), name)) return *place;
  for (size_t i = 0; i < finder.count(); ++i)
    if (plain(finder.first()[i]) == plain(name)) return i;
  throw UsageError("--" + flag + ": " + unknown_word("column", name, finder.first()));
}

// A first record is no header where it names a file or an image, or its label comes again.
bool is_header(ColumnFinder& finder, size_t path_name, size_t label_name) {
  if (path_name != kNone && label_name != kNone) {
    const Words& first = finder.first();
    return first[path_name].find('.') == std::string::npos;
  }
  const size_t path = path_name != kNone ? path_name : finder.fullest();
  if (finder.names_file(finder.first()[path])) return false;
  if (finder.count() == 2 && finder.returns(1 - path)) return false;
  return path_name != kNone || finder.files_in(path) > 0;
}

size_t label_column(const ColumnFinder& finder, const CsvColumns& columns, const std::string& file) {
  std::vector<size_t> free;
  for (size_t i = 0; i < finder.count(); ++i)
    if (i != columns.path && i != columns.split && i != columns.group) free.push_back(i);
  if (free.size() == 1) return free[0];
  if (free.empty()) throw DataError(file + ": there is no column of labels; write path,label[,split]");
  throw DataError(file + ": which column holds the labels? It has " + quoted_list(finder.first()) +
                  "; name it with --label-column");
}

std::string note_of(const ColumnFinder& finder, const CsvColumns& columns, const std::string& file) {
  const Words& names = finder.first();
  if (names[columns.path] == "path" && names[columns.label] == "label" && finder.count() <= 3 &&
      finder.count() == (columns.split == kNone ? 2U : 3U))
    return "";
  std::string note =
      file + ": paths are in the column '" + names[columns.path] + "', labels in '" + names[columns.label] + "'";
  if (columns.split != kNone) note += ", splits in '" + names[columns.split] + "'";
  if (columns.group != kNone) note += ", groups in '" + names[columns.group] + "'";
  Words unused;
  for (size_t i = 0; i < finder.count(); ++i)
    if (i != columns.path && i != columns.label && i != columns.split && i != columns.group) unused.push_back(names[i]);
  return unused.empty() ? note : note + "; not used: " + quoted_list(unused);
}

}  // namespace

size_t usual_label(const std::vector<std::string>& names) {
  for (const std::string& known : kLabelNames)
    for (size_t i = 0; i < names.size(); ++i)
      if (plain(names[i]) == known) return i;
  return kNone;
}

CsvColumns columns_of(const ListTable& table, const DataConfig& config, PhotoFinder& photos, const std::string& file) {
  ColumnFinder finder(table.records, photos);
  const size_t path_asked = asked_column(finder, "path-column", config.path_column);
  const size_t label_asked = asked_column(finder, "label-column", config.label_column);
  const size_t split_asked = asked_column(finder, "split-column", config.split_column);
  const size_t label_name = label_asked != kNone ? label_asked : finder.named(kLabelNames);
  const size_t path_name = path_asked != kNone ? path_asked : finder.named(kPathNames);
  const size_t group_asked = asked_column(finder, "group-column", config.group_column);
  const bool asked =
      path_asked != kNone || label_asked != kNone || split_asked != kNone || group_asked != kNone || table.has_header;
  CsvColumns columns;
  columns.header = asked || is_header(finder, path_name, label_name);
  if (!columns.header) {
    columns.path = finder.count() > 1 ? finder.fullest() : 0;
    columns.label = columns.path == 0 ? 1 : 0;
    if (columns.path < 2) columns.split = 2;
    return columns;
  }
  columns.path = path_name;
  // What the fields say goes before what the name says.
  if (path_asked == kNone && (path_name == kNone || finder.files_in(path_name) == 0))
    if (const size_t fullest = finder.fullest(); path_name == kNone || finder.files_in(fullest) > 0)
      columns.path = fullest;
  columns.split = split_asked != kNone ? split_asked : finder.named(kSplitNames);
  if (split_asked == kNone && columns.split != kNone && plain(finder.first()[columns.split]) != "split" &&
      !finder.holds_splits(columns.split))
    columns.split = kNone;
  // With three columns one is left for the labels.
  if (columns.split == kNone && (label_name != kNone || finder.count() > 2))
    columns.split = finder.telling_splits(columns.path, label_name);
  columns.group = group_asked != kNone ? group_asked : finder.named(kGroupNames);
  columns.label = label_name;
  if (columns.label == kNone || columns.label == columns.path) columns.label = label_column(finder, columns, file);
  columns.note = note_of(finder, columns, file);
  return columns;
}

}  // namespace cvtool
