// Pictures written by Pillow and PyTorch with what their pixels should be (make_pictures.py), made once a
// process.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "data/temp_folder.h"

namespace cvtool {

inline const TempFolder& oracle_pictures() {
  static const TempFolder kFolder;
  static const bool kMade = [] {
    const std::string script = std::string(CVTOOL_TESTS_FOLDER) + "/data/make_pictures.py";
    const std::string command = "/usr/bin/python3 -W ignore '" + script + "' '" + kFolder.path() + "'";
    return std::system(command.c_str()) == 0;
  }();
  REQUIRE_MESSAGE(kMade, "make_pictures.py failed: are python3-torch, python3-torchvision and python3-pil installed?");
  return kFolder;
}

// The lines of a table written by the script, split at tabs.
inline std::vector<std::vector<std::string>> oracle_table(const std::string& name) {
  std::istringstream lines(read_file(oracle_pictures() / name));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    rows.emplace_back();
    for (std::string field; std::getline(fields, field, '\t');) rows.back().push_back(field);
  }
  return rows;
}

}  // namespace cvtool
