#include "engine/predict_files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "report/canvas.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr int kLongestSidePx = 800, kShortestWidthPx = 240, kLineHeightPx = 24;

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

bool same_content(const fs::path& a, const fs::path& b) {
  std::error_code error;
  if (fs::equivalent(a, b, error)) return true;
  return fs::file_size(a, error) == fs::file_size(b, error) && !error && read_file(a.string()) == read_file(b.string());
}

// Puts a copy of `from` at `to` and never replaces what is there. False: something is there.
bool copy_without_replacing(const fs::path& from, const fs::path& to) {
  const fs::path part = to.string() + ".part" + std::to_string(::getpid());
  fs::copy_file(from, part, fs::copy_options::overwrite_existing);
  const bool linked = ::link(part.c_str(), to.c_str()) == 0;
  const int reason = errno;
  // Some file systems have no hard links.
  if (!linked && reason != EEXIST && !fs::exists(to)) fs::rename(part, to);
  else fs::remove(part);
  return linked || reason != EEXIST;
}

bool link_without_replacing(const fs::path& from, const fs::path& to) {
  if (::symlink(fs::absolute(from).c_str(), to.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  throw Error("cannot link " + to.string() + ": " + std::strerror(errno));
}

fs::path numbered(const fs::path& path, int number) {
  if (number == 1) return path;
  return path.parent_path() / (path.stem().string() + "-" + std::to_string(number) + path.extension().string());
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
  const cv::Mat photo = source.bytes ? decode_image(*source.bytes, decode_) : read_image(source.path, decode_);
  const double scale = std::min(1.0, static_cast<double>(kLongestSidePx) / std::max(photo.cols, photo.rows));
  const int width = std::max(1, static_cast<int>(photo.cols * scale)), height = std::max(1, static_cast<int>(photo.rows * scale));
  const int sheet_width = std::max(width, kShortestWidthPx);
  const auto lines = std::min(result.ranked.size(), static_cast<size_t>(options_.top));
  Canvas canvas(sheet_width, height + kLineHeightPx * static_cast<int>(lines) + 8, 1);
  canvas.picture(photo, {(sheet_width - width) / 2.0, 0, static_cast<double>(width), static_cast<double>(height)});
  for (size_t i = 0; i < lines; ++i) {
    const double middle = height + 4 + kLineHeightPx * (static_cast<double>(i) + 0.5), p = result.probabilities[result.ranked[i]];
    const std::string name = i == 0 ? result.label : classes_[result.ranked[i]];
    canvas.fill({0, middle - kLineHeightPx / 2.0 + 2, p * sheet_width, kLineHeightPx - 4.0}, blended(kWhite, series_ink(result.ranked[i]), 0.35));
    canvas.text(canvas.fitted(name, 15, sheet_width - 80), {8, middle}, {15, kText, Align::kLeft});
    canvas.text(fixed(p, 4), {sheet_width - 8.0, middle}, {15, kText, Align::kRight});
  }
  const fs::path target = fs::path(options_.draw) / path_inside(source.path).replace_extension(".jpg");
  make_folders(target.parent_path().string());
  write_picture(target.string(), canvas);
}

void PredictFiles::sort(const PhotoSource& source, const ImageResult& result) const {
  const fs::path folder = fs::path(options_.sort_into) / folder_name(result.label);
  make_folders(folder.string());
  const fs::path from = source.path, wanted = folder / from.filename();
  try {
    for (int number = 1;; ++number) {
      const fs::path to = numbered(wanted, number);
      if (fs::exists(to) && same_content(from, to)) return;
      if (options_.sort_how == "link" ? link_without_replacing(from, to) : copy_without_replacing(from, to)) return;
    }
  } catch (const fs::filesystem_error& error) {
    throw Error("cannot put " + source.path + " into " + folder.string() + ": " + error.code().message());
  }
}

}  // namespace cvtool
