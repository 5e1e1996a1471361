// What a folder or a CSV file says about its photos, before classes and splits are settled.
#pragma once

#include <string>
#include <vector>

#include "spec/data_config.h"

namespace cvtool {

struct ListedPhoto {
  std::string path;        // as Sample::path
  std::string class_name;  // in Unicode's form NFC
  std::string split;       // "train", "valid", "test", or "" where the listing does not say
};

struct Listing {
  std::string root, layout;  // as Dataset's
  std::vector<ListedPhoto> photos;
  std::vector<std::string> notes;
};

// DIR/SPLIT/CLASS/** (the splits in any usual spelling) or DIR/CLASS/**. config.classes decides what the folders
// alone do not: whether "train" is a class. Throws DataError.
Listing list_folder(const std::string& folder, const DataConfig& config);

// A CSV file of paths, labels and, where it has them, splits; fields between commas, semicolons or tabs. Which column
// is what: by config.*_column, else by the names in its first line, else by which fields name files. Paths are relative
// to its folder; one that names no file is sought below it, with any image's ending where it has none. Throws DataError
// naming the line, UsageError for a column that is not there.
Listing list_csv(const std::string& file, const DataConfig& config);

}  // namespace cvtool
