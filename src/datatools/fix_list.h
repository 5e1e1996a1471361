// The lists that fixing labels reads and writes: what was decided, and which file was moved where.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "datatools/placing.h"

namespace cvtool {

struct LabelFix {
  std::string path, given, action, label;  // given and label may be empty
  size_t line = 0;
};

// A CSV file with the columns path and action (keep, relabel, drop) and, where they are needed, given and label.
// Throws DataError naming the line.
std::vector<LabelFix> read_fixes(const std::string& file);

// The moves of a fix in place, relative to the folder, as its undo file holds them. What is read is not believed: names
// that lead out of `folder`, by ".." or by a link, are refused with Error.
std::string moves_text(const std::vector<FileStep>& moves);
std::vector<FileStep> read_moves(const std::string& file, const std::string& folder);

// fixes.csv -> fixes-undo.csv.
std::string undo_file_of(const std::string& fixes);

}  // namespace cvtool
