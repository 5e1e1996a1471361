// What a folder or a CSV file says about its photos, before classes and splits are settled.
#pragma once

#include <string>
#include <vector>

#include "spec/data_config.h"

namespace cvtool {

struct ListedPhoto {
  std::string path;  // as Sample::path
  std::string class_name;
  std::string split;  // "train", "valid", "test", or "" where the listing does not say
};

struct Listing {
  std::string root, layout;  // as Dataset's
  std::vector<ListedPhoto> photos;
  std::vector<std::string> notes;
};

// DIR/{train,valid|val|validation,test}/CLASS/** or DIR/CLASS/**. config.classes decides what the folders
// alone do not: whether "train" is a class. Throws DataError.
Listing list_folder(const std::string& folder, const DataConfig& config);

// A CSV file `path,label[,split]` (RFC 4180), with or without those names in its first line; paths are
// relative to its folder. Throws DataError naming the line.
Listing list_csv(const std::string& file);

// "valid" for "val" and "validation"; "" for a word that is not a split.
std::string split_name(const std::string& word);

}  // namespace cvtool
