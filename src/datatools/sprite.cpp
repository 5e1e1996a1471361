#include "datatools/sprite.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"
#include "base/text.h"
#include "data/image.h"
#include "report/image_file.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// label -> index of the class
using ClassOfLabel = std::map<int64_t, size_t>;

std::vector<int64_t> labels_in(const std::string& file) {
  const Json json = json_from_file(file);
  const auto whole = [](const Json& value) { return value.is_number_integer(); };
  if (!json.is_array() || !std::all_of(json.begin(), json.end(), whole))
    throw DataError(file + " is not a list of integers, [6,9,...], one per picture");
  return json.get<std::vector<int64_t>>();
}

void add_class(const std::string& text, ClassOfLabel& of_label, Keyed<int64_t>& counts) {
  const size_t at = text.rfind('=');
  const std::string name = text.substr(0, at);
  const Json label = at == std::string::npos ? Json() : Json::parse(text.substr(at + 1), nullptr, false);
  if (name.empty() || !label.is_number_integer())
    throw UsageError("--classes: '" + text + "' is not a NAME=LABEL, such as Car=1");
  if (name[0] == '.' || name.find('/') != std::string::npos)
    throw UsageError("--classes: '" + name + "' cannot be the name of a class folder");
  auto place = std::find_if(counts.begin(), counts.end(), [&](const auto& one) { return one.first == name; });
  if (place == counts.end()) place = counts.insert(counts.end(), {name, 0});
  if (!of_label.emplace(label.get<int64_t>(), static_cast<size_t>(place - counts.begin())).second)
    throw UsageError("--classes: label " + label.dump() + " is given to two classes");
}

ClassOfLabel classes_of(const SpriteOptions& options, const std::vector<int64_t>& labels, Keyed<int64_t>& counts) {
  ClassOfLabel of_label;
  for (const auto& text : options.classes) add_class(text, of_label, counts);
  if (!options.classes.empty()) return of_label;
  for (const int64_t label : labels) of_label.emplace(label, 0);
  for (auto& [label, index] : of_label) {
    index = counts.size();
    counts.emplace_back(std::to_string(label), 0);
  }
  return of_label;
}

cv::Mat read_sheet(const std::string& file, const SpriteOptions& options) {
  cv::Mat sheet;
  try {
    sheet = read_image(file, {/*exif=*/false});
  } catch (const DataError& error) {
    throw DataError(file + ": " + error.what());
  }
  if (sheet.cols != options.size.height * options.size.width)
    throw DataError(file + " is " + std::to_string(sheet.cols) + " pixels wide; a row that holds a picture of " +
                    image_size_text(options.size) + " has " + std::to_string(options.size.height * options.size.width) +
                    "; see --size");
  return sheet;
}

std::string file_name(const std::string& sheet, int row) {
  char number[16];
  std::snprintf(number, sizeof number, "_%05d.png", row);
  return fs::path(sheet).stem().string() + number;
}

// Returns false when the file is there already.
bool place_file(const std::string& path, const std::string& bytes) {
  if (fs::exists(fs::symlink_status(path))) {
    if (fs::is_regular_file(path) && read_file(path) == bytes) return false;
    throw DataError(path + " is there with other content; it is not overwritten, use another folder");
  }
  write_file_atomically(path, bytes);
  return true;
}

// Of one sheet: the labels of its rows, and where they go.
struct SheetPlan {
  std::string file, folder;
  const int64_t* labels;
  const ClassOfLabel& of_label;
};

void unpack_sheet(const cv::Mat& sheet, const SheetPlan& plan, const ImageSize& size, UnpackResult& result,
                  const std::function<void(int64_t, int64_t)>& progress) {
  std::atomic<int64_t> written{0}, there{0};
  const auto place = [&](size_t row) {
    const auto label = plan.of_label.find(plan.labels[row]);
    if (label == plan.of_label.end()) return;
    const std::string path =
        plan.folder + "/" + result.counts[label->second].first + "/" + file_name(plan.file, static_cast<int>(row));
    const cv::Mat picture = sheet.row(static_cast<int>(row)).reshape(3, static_cast<int>(size.height));
    ++(place_file(path, png_bytes(picture)) ? written : there);
  };
  for_each_parallel(static_cast<size_t>(sheet.rows), 0, place, progress);
  for (int row = 0; row < sheet.rows; ++row) {
    const auto label = plan.of_label.find(plan.labels[row]);
    ++(label == plan.of_label.end() ? result.passed_over : result.counts[label->second].second);
  }
  result.written += written;
  result.there += there;
}

}  // namespace

UnpackResult unpack_sprites(const SpriteFiles& files, const SpriteOptions& options,
                            const std::function<void(int64_t, int64_t)>& progress) {
  const std::vector<int64_t> labels = labels_in(files.labels);
  UnpackResult result;
  const ClassOfLabel of_label = classes_of(options, labels, result.counts);
  int64_t first = 0;
  const auto all = static_cast<int64_t>(labels.size());
  for (const auto& file : files.sheets) {
    const cv::Mat sheet = read_sheet(file, options);
    if (sheet.rows > all - first)
      throw DataError(files.labels + " holds " + counted(all, "label") +
                      ", fewer than the sheets have rows; name the labels of these sheets");
    for (const auto& [name, count] : result.counts) make_folders(files.folder + "/" + name);
    unpack_sheet(sheet, {file, files.folder, labels.data() + first, of_label}, options.size, result,
                 [&](int64_t done, int64_t) {
                   if (progress) progress(first + done, all);
                 });
    first += sheet.rows;
  }
  result.labels_left = all - first;
  return result;
}

}  // namespace cvtool
