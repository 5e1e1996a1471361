// What a folder or a CSV file says about its photos, before classes and splits are settled.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "spec/data_config.h"

namespace cvtool {

struct ListedPhoto {
  std::string path;        // as Sample::path
  std::string class_name;  // in Unicode's form NFC
  std::string split;       // "train", "valid", "test", or "" where the listing does not say
  std::string group{};     // photos of the same stay on one side of a split; "" where the listing does not say
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
// naming the line, UsageError for a column that is not there. JSON Lines are read as such a table too: an object a
// line, whose keys are the columns.
Listing list_csv(const std::string& file, const DataConfig& config);

// The list of its photos that a folder holds itself, as Hugging Face's imagefolder has it: metadata.csv or
// metadata.jsonl with file_name and a label, beside the photos or in each folder of a split. Nothing where there is
// none with labels; `notes` then gets what is there.
std::optional<Listing> list_metadata(const std::string& folder, const DataConfig& config,
                                     std::vector<std::string>& notes);

// Photos with a file of their label beside them, as WebDataset has it: key.jpg and key.cls (the class as a text), or
// key.json with a key as list_csv's labels are named. The key is the name up to its first dot. A folder named like a
// split says the split. Nothing where no photo has one.
std::optional<Listing> list_labels(const std::string& folder, const DataConfig& config);

// Several archives as one set, each listed by itself. Splits are as the archives say within, else as a word of their
// names does ("train-000000.tar"). `root`: the folder that the archives' paths are relative to.
Listing list_shards(const std::string& root, const std::vector<std::string>& archives, const DataConfig& config);

// Whatever the user names: a folder, a list (.csv, .tsv, .txt, .jsonl), an archive or a folder in one, a folder or a
// pattern of archives. Throws DataError.
Listing list_data(const std::string& path, const DataConfig& config);

// False where list_data would find nothing to read at all; a pattern is taken for something. Throws DataError for an
// archive that is refused.
bool is_data_there(const std::string& path);

// The folder in which the photos of `path` are looked for: where it is an archive that holds one folder, that.
std::string data_folder(const std::string& path);

}  // namespace cvtool
