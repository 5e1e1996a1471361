// Which column of a table of photos holds what.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/csv.h"
#include "data/photo_finder.h"
#include "spec/data_config.h"

namespace cvtool {

struct CsvColumns {
  size_t path = 0, label = 1;
  size_t split = SIZE_MAX, group = SIZE_MAX;  // SIZE_MAX: there is none
  bool header = false;                        // the first record holds the names
  std::string note;                           // what should be said about it; may be empty
};

// What a list of photos holds, whatever it is written in.
struct ListTable {
  std::vector<CsvRecord> records;  // one at least
  bool has_header = false;         // the first one holds the names; else that is found out
};

// Which of the names usually stands for labels; SIZE_MAX: none.
size_t usual_label(const std::vector<std::string>& names);

// By the config's names, else by the usual ones in the first record, else by content: the path is where the fields name
// files. A first record that names no file, where others do, is a header. Throws UsageError for a name that is not
// there, DataError where it is not clear which column holds the labels.
CsvColumns columns_of(const ListTable& table, const DataConfig& config, PhotoFinder& finder, const std::string& file);

}  // namespace cvtool
