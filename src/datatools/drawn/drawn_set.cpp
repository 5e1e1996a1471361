#include "datatools/drawn/drawn_set.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/parallel.h"
#include "base/text.h"
#include "datatools/drawn/drawn_parts.h"
#include "datatools/drawn/drawn_scene.h"
#include "report/image_file.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr int kDrawing = 1;       // goes up whenever the same options draw other pictures
constexpr int kLongSidePx = 384;  // pictures are drawn this large and reduced: smooth edges
const char* const kMarker = "drawn.json";

VehiclePlace random_place(const cv::Size& canvas, bool truck, Random& random) {
  VehiclePlace place;
  // Both classes cover about the same area: a truck is shorter for its height.
  const double fraction = truck ? random.uniform(0.66, 0.92) : random.uniform(0.68, 0.94);
  place.length_px = std::min(fraction * canvas.width, canvas.height * (truck ? 1.3 : 1.7));
  place.centre_px = canvas.width * 0.5 + random.uniform(-0.6, 0.6) * (canvas.width - place.length_px) * 0.8;
  place.ground_px = canvas.height * random.uniform(0.68, 0.86);
  place.tilt = random.uniform(-0.05, 0.05);
  place.facing_left = random.uniform() < 0.5;
  return place;
}

std::vector<DrawnPicture> every_picture(const DrawnSetOptions& options) {
  const std::pair<const char*, int64_t> splits[] = {
      {"train", options.train_per_class}, {"valid", options.valid_per_class}, {"test", options.test_per_class}};
  std::vector<DrawnPicture> pictures;
  for (const auto& [split, count] : splits) {
    for (const char* name : {"Car", "Truck"}) {
      for (int64_t i = 1; i <= count; ++i) pictures.push_back({split, name, i});
    }
  }
  return pictures;
}

std::string folder_of(const DrawnPicture& picture) { return picture.split + "/" + picture.class_name; }

std::string path_of(const DrawnPicture& picture) {
  char number[32];
  std::snprintf(number, sizeof number, "_%05lld.jpg", static_cast<long long>(picture.index));
  return folder_of(picture) + "/" + lower(picture.class_name) + number;
}

Json marker_of(const DrawnSetOptions& options) {
  Json marker;
  marker["note"] = "Pictures drawn by cvtool data sample; not photos.";
  marker["drawing"] = kDrawing;
  write_fields(options, marker);
  return marker;
}

void check_options(const DrawnSetOptions& options) {
  DrawnSetOptions unused;
  read_fields(Json(options), "", unused);  // the ranges are checked in reading
}

// Writes the marker of a new set; accepts the marker of an equal one.
void claim_folder(const std::string& folder, const DrawnSetOptions& options) {
  const fs::path marker = fs::path(folder) / kMarker;
  if (fs::exists(marker)) {
    if (json_from_file(marker.string()) == marker_of(options)) return;
    throw UsageError(folder + " holds a set that was drawn with other options (see " + marker.string() +
                     "); name another folder, or remove this one first");
  }
  if (fs::exists(folder) && !fs::is_directory(folder)) {
    throw UsageError(folder + " is a file; name a folder for the drawn set");
  }
  if (fs::exists(folder) && !fs::is_empty(folder)) {
    throw UsageError(folder + " already holds other files; name a new or an empty folder for the drawn set");
  }
  make_folders(folder);
  write_file_atomically(marker.string(), text_from_json(marker_of(options)));
}

void write_drawn_picture(const std::string& folder, const DrawnSetOptions& options, const DrawnPicture& picture) {
  write_file_atomically(folder + "/" + path_of(picture), jpeg_bytes(draw_picture(options, picture), 90));
}

}  // namespace

cv::Mat draw_picture(const DrawnSetOptions& options, const DrawnPicture& picture) {
  Random random(static_cast<uint64_t>(options.seed), "drawn " + folder_of(picture), 0,
                static_cast<uint64_t>(picture.index));
  const auto width = static_cast<int>(options.size.width), height = static_cast<int>(options.size.height);
  const double enlarge = std::max(2.0, std::ceil(double(kLongSidePx) / std::max(width, height)));
  cv::Mat canvas(static_cast<int>(height * enlarge), static_cast<int>(width * enlarge), CV_8UC3);
  const bool truck = picture.class_name == "Truck";
  const VehiclePlace place = random_place(canvas.size(), truck, random);
  draw_street(canvas, place.ground_px, random);
  draw_shadow(canvas, place.ground_px, place.centre_px - place.length_px / 2, place.centre_px + place.length_px / 2);
  if (truck)
    draw_truck(canvas, place, random);
  else
    draw_car(canvas, place, random);
  draw_foreground(canvas, place.ground_px, random);
  cv::Mat photo;
  cv::resize(canvas, photo, {width, height}, 0, 0, cv::INTER_AREA);
  take_photo(photo, random);
  return photo;
}

SampleResult write_drawn_set(const std::string& folder, const DrawnSetOptions& options, const DrawProgress& progress,
                             int64_t workers) {
  check_options(options);
  claim_folder(folder, options);
  SampleResult result;
  std::vector<DrawnPicture> missing;
  for (auto& picture : every_picture(options)) {
    // Files are renamed into place when whole, so one that is there needs no second look.
    if (fs::exists(folder + "/" + path_of(picture)))
      ++result.kept;
    else
      missing.push_back(picture);
  }
  for (const auto& picture : missing) make_folders(folder + "/" + folder_of(picture));
  for_each_parallel(
      missing.size(), workers, [&](size_t i) { write_drawn_picture(folder, options, missing[i]); }, progress);
  result.drawn = static_cast<int64_t>(missing.size());
  return result;
}

}  // namespace cvtool
