#include "spec/backbone_names.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/text.h"

namespace fs = std::filesystem;

namespace cvtool {

std::vector<std::string> backbone_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(share_folder() + "/models/bases", error))
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> backbone_folders() {
  std::vector<std::string> folders;
  if (const char* set = std::getenv("CVTOOL_BASES"); set && *set)
    for (const std::string& folder : split(set, ':'))
      if (!folder.empty()) folders.push_back(folder);
  folders.push_back(user_data_folder() + "/bases");
  return folders;
}

std::vector<std::string> known_backbones() {
  const auto importable = backbone_names();
  std::set<std::string> names(importable.begin(), importable.end());
  std::error_code error;
  for (const std::string& folder : backbone_folders())
    for (const auto& entry : fs::directory_iterator(folder, error))
      if (entry.path().extension() == ".pt") names.insert(entry.path().stem().string());
  return {names.begin(), names.end()};
}

}  // namespace cvtool
