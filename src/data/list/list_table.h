// Reading a list of photos, whatever it is written in.
#pragma once

#include <string>

#include "data/list/csv_columns.h"

namespace cvtool {

// A CSV file or JSON Lines, in the file system or in an archive. Throws DataError naming the file.
ListTable read_list(const std::string& file);

}  // namespace cvtool
