#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "data/list/listing.h"
#include "data/split_words.h"

namespace cvtool {
namespace {

constexpr size_t kNotesOfShards = 5;

// "sets/imagenet-train-000012.tar" -> "train": the first word that means a split, of the name before its folders.
std::string split_of_name(const std::string& path) {
  std::vector<std::string> parts = split(path, '/');
  std::reverse(parts.begin(), parts.end());
  for (std::string part : parts) {
    std::replace_if(
        part.begin(), part.end(), [](char c) { return c == '_' || c == '.'; }, '-');
    for (const std::string& word : split(part, '-'))
      if (const std::string name = split_name(word); !name.empty()) return name;
  }
  return "";
}

std::string path_below(const std::string& root, const std::string& path) {
  const std::string prefix = root + "/";
  return starts_with(path, prefix) ? path.substr(prefix.size()) : path;
}

class ShardLister {
 public:
  explicit ShardLister(std::string root) {
    all_.root = std::move(root);
    all_.layout = "shards";
  }

  void add(const std::string& archive, Listing listing) {
    const std::string named = split_of_name(path_below(all_.root, archive));
    for (ListedPhoto& photo : listing.photos) {
      // `root` leads into the archive, perhaps to a folder in it.
      photo.path = path_below(all_.root, listing.root) + "/" + photo.path;
      if (photo.split.empty()) photo.split = named;
      (photo.split.empty() ? without_split_ : with_split_) = archive;
      all_.photos.push_back(std::move(photo));
    }
    for (std::string& note : listing.notes)
      if (notes_++ < kNotesOfShards) all_.notes.push_back(std::move(note));
  }

  Listing listing() {
    if (!without_split_.empty() && !with_split_.empty())
      throw DataError(with_split_ + " says for what split its photos are and " + without_split_ +
                      " does not; name the split in all archives or in none");
    if (notes_ > kNotesOfShards)
      all_.notes.push_back("... and " + counted(static_cast<int64_t>(notes_ - kNotesOfShards), "note") +
                           " more about other archives");
    return std::move(all_);
  }

 private:
  Listing all_;
  std::string without_split_, with_split_;  // an archive of each kind
  size_t notes_ = 0;
};

}  // namespace

Listing list_shards(const std::string& root, const std::vector<std::string>& archives, const DataConfig& config) {
  ShardLister shards(root);
  for (const std::string& archive : archives) shards.add(archive, list_data(archive, config));
  return shards.listing();
}

}  // namespace cvtool
