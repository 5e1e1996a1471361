#include "engine/predict/predict_files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <opencv2/core.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "base/text.h"
#include "data/archive/photo_place.h"
#include "data/copies.h"
#include "report/canvas.h"
#include "report/image_file.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr int kLongestSidePx = 800, kShortestWidthPx = 240, kLineHeightPx = 24, kMarginPx = 8;
constexpr size_t kLongestNameBytes =
    236;                           // file systems take 255; a number and a temporary name's end are put behind it
constexpr size_t kMaxLines = 600;  // a canvas is at most 16,000 px high

// A class as the name of a folder.
std::string folder_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name.empty() || name == "." || name == ".." ? "_" + name : name;
}

// The photo's path made relative, so that drawn photos of one name in two folders stay apart.
fs::path path_inside(const std::string& path) {
  fs::path inside;
  for (const fs::path& part : fs::path(path).lexically_normal().relative_path()) inside /= part == ".." ? "up" : part;
  return inside.string() == "-" ? "stdin" : inside;
}

bool same_content(const fs::path& photo, const fs::path& file) {
  std::error_code error;
  if (fs::equivalent(photo, file, error)) return true;
  return length_of(photo.string()) == length_of(file.string()) &&
         read_photo_file(photo.string()) == read_file(file.string());
}

// Puts a copy of `from` at `to` and never replaces what is there. False: something is there.
bool copy_without_replacing(const fs::path& from, const fs::path& to) {
  if (to.filename().string().size() > kLongestNameBytes) throw DataError("cannot be sorted: its name is too long");
  AtomicFile file(to.string(), FileKind::kOwn);
  if (archive_path(from.string()))
    file.write(read_photo_file(from.string()));
  else
    fs::copy_file(from, file.temporary(), fs::copy_options::overwrite_existing);
  return file.keep_new();
}

bool link_without_replacing(const fs::path& from, const fs::path& to) {
  if (::symlink(fs::absolute(from).c_str(), to.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  throw fs::filesystem_error("symlink", to, std::error_code(errno, std::generic_category()));
}

fs::path numbered(const fs::path& path, int64_t number) {
  if (number == 1) return path;
  return path.parent_path() / (path.stem().string() + "-" + std::to_string(number) + path.extension().string());
}

// A photo that is like nothing learned is put with those whose best class is too little probable.
const std::string& place_of(const ImageResult& result) {
  static const std::string unknown = kUnknownClass;
  return result.familiarity && result.familiarity->unknown ? unknown : result.label;
}

// What tells a picture that was drawn from this photo from all other files.
std::string mark_of(const PhotoSource& source) {
  const std::string photo = source.bytes ? source.path : fs::absolute(source.path).lexically_normal().string();
  return "drawn by cvtool predict, " + std::to_string(stable_hash(photo)) + ".";
}

// A JPEG file with a comment (ITU-T T.81, B.2.4.5) behind its first segment, which must be JFIF's.
std::string with_comment(const std::string& jpeg, const std::string& comment) {
  const size_t header =
      4 + static_cast<size_t>((static_cast<uint8_t>(jpeg.at(4)) << 8) | static_cast<uint8_t>(jpeg.at(5)));
  const size_t length = comment.size() + 2;
  const std::string segment{'\xff', '\xfe', static_cast<char>(length >> 8), static_cast<char>(length & 0xff)};
  return jpeg.substr(0, header) + segment + comment + jpeg.substr(header);
}

bool holds_mark(const fs::path& file, const std::string& mark) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return false;
  std::string head(256, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  return head.find(mark) != std::string::npos;
}

// Where the drawn photo goes: a free name, or that of the picture that was drawn from it before.
fs::path drawing_path(const fs::path& wanted, const PhotoSource& source, const std::string& mark) {
  for (int64_t number = 1;; ++number) {
    const fs::path path = numbered(wanted, number);
    std::error_code error;
    if (!fs::exists(fs::symlink_status(path, error))) return path;
    if (holds_mark(path, mark) && !fs::equivalent(path, source.path, error)) return path;
  }
}

// Puts the photo into the folder, where it does not lie yet.
void put_into(const fs::path& folder, const fs::path& photo, bool as_link) {
  for (int64_t number = 1;; ++number) {
    const fs::path to = numbered(folder / photo.filename(), number);
    if (fs::exists(to) && same_content(photo, to)) return;
    if (as_link ? link_without_replacing(photo, to) : copy_without_replacing(photo, to)) return;
  }
}

}  // namespace

PredictFiles::PredictFiles(const PredictOptions& options, std::vector<std::string> classes, const DecodeOptions& decode)
    : options_(options), classes_(std::move(classes)), decode_(decode) {
  if (!options_.draw.empty()) make_folders(options_.draw);
  if (!options_.sort_into.empty()) make_folders(options_.sort_into);
}

void PredictFiles::add(const PhotoSource& source, const ImageResult& result) const {
  if (!options_.draw.empty()) draw(source, result);
  if (!options_.sort_into.empty()) sort(source, result);
}

void PredictFiles::draw(const PhotoSource& source, const ImageResult& result) const {
  const cv::Mat photo = picture_of(source);
  const double scale = std::min(1.0, static_cast<double>(kLongestSidePx) / std::max(photo.cols, photo.rows));
  const int width = std::max(1, static_cast<int>(photo.cols * scale)),
            height = std::max(1, static_cast<int>(photo.rows * scale));
  const int sheet_width = std::max(width, kShortestWidthPx);
  const size_t lines = std::min({result.ranked.size(), static_cast<size_t>(options_.top), kMaxLines});
  Canvas canvas(sheet_width, height + kLineHeightPx * static_cast<int>(lines) + kMarginPx, 1);
  canvas.picture(photo, {(sheet_width - width) / 2.0, 0, static_cast<double>(width), static_cast<double>(height)});
  for (size_t i = 0; i < lines; ++i) {
    const double middle = height + kMarginPx / 2.0 + kLineHeightPx * (static_cast<double>(i) + 0.5),
                 p = result.probabilities[result.ranked[i]];
    const std::string name = i == 0 ? place_of(result) : classes_[result.ranked[i]];
    canvas.fill({0, middle - kLineHeightPx / 2.0 + 2, p * sheet_width, kLineHeightPx - 4.0},
                blended(kWhite, series_ink(result.ranked[i]), 0.35));
    canvas.text(canvas.fitted(name, 15, sheet_width - 80), {8, middle}, {15, kText, Align::kLeft});
    canvas.text(fixed(p, 4), {sheet_width - 8.0, middle}, {15, kText, Align::kRight});
  }
  const fs::path wanted = fs::path(options_.draw) / path_inside(source.path).replace_extension(".jpg");
  if (wanted.filename().string().size() > kLongestNameBytes) throw DataError("cannot be drawn: its name is too long");
  make_folders(wanted.parent_path().string());
  const std::string mark = mark_of(source);
  write_file_atomically(drawing_path(wanted, source, mark).string(),
                        with_comment(jpeg_bytes(canvas.pixels(), kPictureQuality), mark));
}

cv::Mat PredictFiles::picture_of(const PhotoSource& source) const {
  try {
    return source.bytes ? decode_image(*source.bytes, decode_) : read_image(source.path, decode_);
  } catch (const DataError& error) {
    throw DataError(std::string("cannot be drawn: ") + error.what());
  }
}

void PredictFiles::sort(const PhotoSource& source, const ImageResult& result) const {
  const fs::path folder = fs::path(options_.sort_into) / folder_name(place_of(result));
  make_folders(folder.string());
  const bool archived = archive_path(source.path).has_value();
  if (archived && options_.sort_how == "link")
    throw DataError("cannot be sorted: no link leads into an archive; sort copies");
  if (!archived && ::access(source.path.c_str(), R_OK) != 0)
    throw DataError(std::string("cannot be sorted: ") + std::strerror(errno));
  try {
    put_into(folder, source.path, options_.sort_how == "link");
  } catch (const fs::filesystem_error& error) {
    // It may have gone while it was copied.
    const bool readable = archived || ::access(source.path.c_str(), R_OK) == 0;
    if (!readable || error.code() == std::errc::filename_too_long)
      throw DataError("cannot be sorted: " + error.code().message());
    throw Error("cannot put " + source.path + " into " + folder.string() + ": " + error.code().message());
  }
}

}  // namespace cvtool
