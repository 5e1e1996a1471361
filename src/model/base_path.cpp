#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "model/base_file.h"
#include "model/base_spec.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

bool is_file_path(const std::string& text) { return text.find('/') != std::string::npos || ends_with(text, ".pt"); }

}  // namespace

std::vector<std::string> base_folders() {
  std::vector<std::string> folders;
  if (const char* set = std::getenv("CVTOOL_BASES"); set && *set)
    for (const std::string& folder : split(set, ':'))
      if (!folder.empty()) folders.push_back(folder);
  folders.push_back(user_data_folder() + "/bases");
  return folders;
}

std::vector<std::string> known_bases() {
  const auto importable = base_names();
  std::set<std::string> names(importable.begin(), importable.end());
  std::error_code error;
  for (const std::string& folder : base_folders())
    for (const auto& entry : fs::directory_iterator(folder, error))
      if (entry.path().extension() == ".pt") names.insert(entry.path().stem().string());
  return {names.begin(), names.end()};
}

std::string base_path(const std::string& name_or_path) {
  std::error_code error;
  if (is_file_path(name_or_path)) {
    if (fs::is_regular_file(name_or_path, error)) return name_or_path;
    throw UsageError("base " + name_or_path + ": there is no such file");
  }
  const auto folders = base_folders();
  for (const std::string& folder : folders)
    if (const std::string path = folder + "/" + name_or_path + ".pt"; fs::is_regular_file(path, error)) return path;
  const auto choice = choice_of_file_name(name_or_path);
  if (!choice) throw UsageError(unknown_word("base", name_or_path, known_bases()));
  throw UsageError("base '" + name_or_path + "' has not been imported (it is not in " + join(folders, ", ") +
                   "); get it with\n" + import_commands(*choice));
}

}  // namespace cvtool
