#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "base/utf8.h"
#include "data/decode/image_format.h"
#include "data/list/csv_columns.h"
#include "data/list/list_table.h"
#include "data/list/listing.h"
#include "data/photo_finder.h"
#include "data/split_words.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// Where so many of the first paths with an image's ending are files, the others are not looked for one by one here:
// reading them tells.
constexpr size_t kTrustedPaths = 100;

class CsvLister {
 public:
  CsvLister(const std::string& file, const DataConfig& config) : file_(file), table_(read_list(file)) {
    const auto parent = fs::path(file).parent_path().string();
    listing_.root = parent.empty() ? "." : parent;
    listing_.layout = "csv";
    finder_ = std::make_unique<PhotoFinder>(listing_.root);
    columns_ = columns_of(table_, config, *finder_, file);
    if (!columns_.note.empty()) listing_.notes.push_back(columns_.note);
  }

  Listing list() {
    for (size_t i = columns_.header ? 1 : 0; i < table_.records.size(); ++i) add(table_.records[i]);
    if (listing_.photos.empty()) throw DataError(file_ + ": there is no line below the names of the columns");
    if (without_split_ != 0 && without_split_ != listing_.photos.size())
      throw DataError(file_ + ": " + std::to_string(without_split_) +
                      " lines name no split and the others do; name it in all lines or in none");
    note(trimmed_, "line", "with blanks around a field, which are taken off");
    note(repeated_, "repeated line", "passed over");
    note(found_, "path",
         "without a file of that very name: the one photo of that name is taken, such as " + found_example_);
    note(several_, "path",
         "for which there is more than one photo, such as " + several_example_ + "; write it in full");
    return std::move(listing_);
  }

 private:
  void note(size_t count, const std::string& noun, const std::string& what) {
    if (count) listing_.notes.push_back(counted(static_cast<int64_t>(count), noun) + " " + what);
  }

  void add(const CsvRecord& record) {
    const std::string where = file_ + ", line " + std::to_string(record.line) + ": ";
    ListedPhoto photo = photo_of(record, where);
    trimmed_ += record.trimmed || trimmed_here_;
    photo.path = place_of(photo.path);
    const std::string key = fs::path(photo.path).lexically_normal().string();
    const auto [at, added] = lines_.emplace(key, std::make_pair(record.line, listing_.photos.size()));
    if (!added) {
      const ListedPhoto& other = listing_.photos[at->second.second];
      if (other.class_name != photo.class_name || other.split != photo.split)
        throw DataError(where + photo.path + " is listed with another label or split in line " +
                        std::to_string(at->second.first) + "; keep one of them");
      ++repeated_;
      return;
    }
    without_split_ += photo.split.empty();
    listing_.photos.push_back(std::move(photo));
  }

  ListedPhoto photo_of(const CsvRecord& record, const std::string& where) {
    const auto field = [&](size_t column) {
      return column < record.fields.size() ? record.fields[column] : std::string();
    };
    check_count(record, where);
    const std::string label = field(columns_.label), split = field(columns_.split);
    ListedPhoto photo{field(columns_.path), nfc(without_blanks(label)), without_blanks(split), group_of(record)};
    trimmed_here_ = label.size() != without_blanks(label).size() || split.size() != photo.split.size();
    if (photo.path.empty()) throw DataError(where + "the path is empty; write path,label[,split]");
    if (photo.class_name.find('\0') != std::string::npos || photo.path.find('\0') != std::string::npos)
      throw DataError(where + "holds a NUL byte; write the list as text");
    if (photo.class_name.empty()) throw DataError(where + "the label is empty; write path,label[,split]");
    if (photo.split.empty()) return photo;
    const std::string known = split_name(photo.split);
    if (known.empty()) throw DataError(where + unknown_word("split", photo.split, {"train", "valid", "test"}));
    photo.split = known;
    return photo;
  }

  std::string group_of(const CsvRecord& record) const {
    return columns_.group < record.fields.size() ? without_blanks(record.fields[columns_.group]) : "";
  }

  // A line with more fields than the names has a separator inside a field.
  void check_count(const CsvRecord& record, const std::string& where) const {
    const size_t names = table_.records[0].fields.size();
    for (size_t i = columns_.header ? names : SIZE_MAX; i < record.fields.size(); ++i)
      if (!record.fields[i].empty())
        throw DataError(where + "it has " + counted(static_cast<int64_t>(record.fields.size()), "field") +
                        " and the first line " + std::to_string(names) +
                        "; put a field that holds the separator into quotation marks");
  }

  std::string place_of(const std::string& path) {
    const bool image = format_of_extension(path) != ImageFormat::kUnknown;
    if (image && there_ >= kTrustedPaths && there_ == looked_) return path;
    std::vector<std::string> several;
    const std::string place = finder_->find(path, &several);
    ++looked_;
    there_ += place == path;
    if (!several.empty() && several_++ == 0)
      several_example_ = "'" + printable(path) + "' (" + printable(several[0]) + ", " + printable(several[1]) + ")";
    if (!place.empty() && place != path && found_++ == 0)
      found_example_ = "'" + printable(path) + "' = " + printable(place);
    return place.empty() ? path : place;
  }

  std::string file_;
  ListTable table_;
  std::unique_ptr<PhotoFinder> finder_;
  CsvColumns columns_;
  Listing listing_;
  std::map<std::string, std::pair<size_t, size_t>> lines_;  // path -> line, index of the photo
  size_t repeated_ = 0, without_split_ = 0, trimmed_ = 0, found_ = 0, several_ = 0, looked_ = 0, there_ = 0;
  bool trimmed_here_ = false;
  std::string found_example_, several_example_;
};

}  // namespace

Listing list_csv(const std::string& file, const DataConfig& config) { return CsvLister(file, config).list(); }

}  // namespace cvtool
