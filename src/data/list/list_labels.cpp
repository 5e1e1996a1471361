#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/output.h"
#include "base/text.h"
#include "base/utf8.h"
#include "data/archive/photo_place.h"
#include "data/folders.h"
#include "data/list/csv_columns.h"
#include "data/list/listing.h"
#include "data/split_words.h"

namespace cvtool {
namespace {

constexpr uint64_t kMaxLabelBytes = 1 << 20;
constexpr size_t kMaxClassBytes = 255;

// "a/b.c/key.seg.png" -> "a/b.c/key"
std::string key_of(const std::string& path) {
  const size_t name = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  return path.substr(0, path.find('.', name));
}

std::string text_beside(const std::string& file) {
  try {
    return read_photo_part(file, 0, kMaxLabelBytes);
  } catch (const DataError& error) {
    throw DataError(file + ": " + error.what());
  }
}

// What an object says of the class; "" where it says nothing.
std::string label_in(const Json& object, const DataConfig& config) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  const std::optional<size_t> asked =
      config.label_column.empty() ? std::nullopt : place_of_name(keys, config.label_column);
  const size_t place = config.label_column.empty() ? usual_label(keys) : asked.value_or(SIZE_MAX);
  if (place >= keys.size()) return "";
  const Json& value = object.at(keys[place]);
  return value.is_string() ? value.get<std::string>() : value.is_primitive() && !value.is_null() ? value.dump() : "";
}

// The class that stands beside the photo whose path begins with `key`; "" where there is none.
std::string class_beside(const std::string& key, const DataConfig& config) {
  std::string label;
  if (place_of(key + ".cls").is_file()) {
    label = text_beside(key + ".cls");
  } else if (place_of(key + ".json").is_file()) {
    const Json object = Json::parse(text_beside(key + ".json"), nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) throw DataError(key + ".json: is no JSON object; write {\"label\": \"cat\"}");
    label = label_in(object, config);
  }
  label.erase(label.find_last_not_of(" \t\r\n") + 1);
  if (label.size() > kMaxClassBytes || label.find_first_of(std::string("\0\n", 2)) != std::string::npos)
    throw DataError(key + ": the label beside it is no name of a class; write one word or number");
  return nfc(without_blanks(label));
}

// Whether the photos have their labels beside them: the first one tells. JSON may say other things of photos that lie
// in folders of classes.
bool has_labels(const std::string& folder) {
  std::string path, error;
  if (!ImageWalk(folder).next(path, error) || !error.empty()) return false;
  const std::string key = folder + "/" + key_of(path);
  return place_of(key + ".cls").is_file() || (place_of(key + ".json").is_file() && !images_in(folder).empty());
}

}  // namespace

std::optional<Listing> list_labels(const std::string& folder, const DataConfig& config) {
  if (!has_labels(folder)) return {};
  Listing listing;
  listing.root = folder;
  listing.layout = "labels";
  int64_t bare = 0, without_split = 0;
  std::string example;
  for (const std::string& path : images_below(folder)) {
    const std::string name = class_beside(folder + "/" + key_of(path), config);
    if (name.empty() && bare++ == 0) example = path;
    if (name.empty()) continue;
    const size_t slash = path.find('/');
    const std::string split = slash == std::string::npos ? "" : split_name(path.substr(0, slash));
    without_split += split.empty();
    listing.photos.push_back({path, name, split});
  }
  if (listing.photos.empty())
    throw DataError(folder + ": no photo has a label beside it; write key.cls beside key.jpg");
  if (without_split > 0 && without_split < static_cast<int64_t>(listing.photos.size())) {
    listing.notes.push_back(folder + ": folders of splits lie beside other photos; they are taken as no splits");
    for (ListedPhoto& photo : listing.photos) photo.split.clear();
  }
  if (bare > 0)
    listing.notes.push_back(folder + ": " + counted(bare, "photo") + " without a label beside it not used, such as " +
                            printable(example));
  return listing;
}

}  // namespace cvtool
