#include "datatools/placing.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "data/copies.h"
#include "data/image.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// Of a file, or one in an archive.
std::string bytes_to_copy(const std::string& file) {
  try {
    return read_photo_file(file);
  } catch (const DataError& error) {
    throw DataError(file + ": " + error.what());
  }
}

void move_file(const FileStep& step) {
  if (::rename(step.from.c_str(), step.to.c_str()) == 0) return;
  if (errno != EXDEV) throw Error("cannot move " + step.from + " to " + step.to + ": " + std::strerror(errno));
  write_file_atomically(step.to, read_file(step.from));
  fs::remove(step.from);
}

}  // namespace

bool there(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

bool same_content(const std::string& a, const std::string& b) {
  std::error_code error;
  if (fs::equivalent(a, b, error)) return true;
  return length_of(a) == length_of(b) && bytes_to_copy(a) == read_file(b);
}

void place_file(const FileStep& step, const std::string& how) {
  make_folders(fs::path(step.to).parent_path().string());
  if (there(step.to)) throw Error(step.to + " has appeared meanwhile; nothing was overwritten");
  if (how == "move") return move_file(step);
  if (how == "copy") return write_file_atomically(step.to, bytes_to_copy(step.from));
  std::error_code error;
  fs::create_symlink(fs::absolute(step.from), step.to, error);
  if (error) throw Error("cannot make the link " + step.to + ": " + error.message());
}

void remove_empty_folders(const std::string& folder, const std::string& top) {
  std::error_code error;
  fs::path at = folder;
  while (at != top && fs::is_empty(at, error) && !error && fs::remove(at, error)) at = at.parent_path();
}

void take_back(const std::vector<FileStep>& done, const std::string& how, const std::string& top) {
  for (auto step = done.rbegin(); step != done.rend(); ++step) {
    try {
      if (how == "move")
        place_file({step->to, step->from}, "move");
      else
        fs::remove(step->to);
      remove_empty_folders(fs::path(step->to).parent_path().string(), top);
    } catch (const std::exception& error) {
      spdlog::warn("cannot put back {}: {}", step->to, error.what());
    }
  }
}

void check_target_folder(const std::string& source, const std::string& target) {
  const fs::path from = fs::weakly_canonical(source), to = fs::weakly_canonical(target);
  if (std::mismatch(from.begin(), from.end(), to.begin(), to.end()).first == from.end())
    throw UsageError(target + " lies in " + source + "; choose a folder outside of it");
  if (there(target) && !fs::is_directory(target)) throw Error(target + " is not a folder; choose another name");
}

}  // namespace cvtool
