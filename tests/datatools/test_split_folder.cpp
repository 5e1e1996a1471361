#include "datatools/split_folder.h"

#include <doctest/doctest.h>

#include <set>

#include "base/error.h"
#include "base/files.h"
#include "data/dataset.h"
#include "data/temp_folder.h"

using namespace cvtool;
namespace fs = std::filesystem;

namespace {

void write_source(const TempFolder& folder, int count = 40) {
  for (int i = 0; i < count; ++i)
    folder.write((i % 2 ? "src/cats/deep er/" : "src/dogs/") + std::to_string(i) + ".jpg",
                 "photo " + std::to_string(i));
}

std::set<std::string> files_below(const std::string& folder) {
  std::set<std::string> out;
  if (!fs::exists(folder)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory()) out.insert(entry.path().lexically_relative(folder).string());
  return out;
}

SplitFolderOptions by(const std::string& how) {
  SplitFolderOptions options;
  options.valid = options.test = 0.2;
  options.how = how;
  return options;
}

// Throws after so many files.
SplitFolderOptions interrupted(const std::string& how, int64_t after) {
  SplitFolderOptions options = by(how);
  options.progress = [after](int64_t done, int64_t) {
    if (done == after) throw Error("interrupted");
  };
  return options;
}

}  // namespace

TEST_CASE("A folder is split by copying, linking or moving") {
  for (const std::string how : {"copy", "link", "move"}) {
    CAPTURE(how);
    TempFolder folder;
    write_source(folder);
    const auto result = split_folder(folder / "src", folder / "dst", by(how));
    CHECK(result.placed == 40);
    CHECK(result.train + result.valid + result.test == 40);
    CHECK(result.train > result.valid);
    CHECK(result.test > 0);
    const auto placed = files_below(folder / "dst");
    CHECK(placed.size() == 40);
    CHECK(files_below(folder / "src").size() == (how == "move" ? 0 : 40));
    for (const auto& path : placed) CHECK(fs::is_symlink(folder / ("dst/" + path)) == (how == "link"));
    // Where training on the flat folder would have put them.
    CHECK(find_dataset(folder / "dst", {}, 0).train.size() == static_cast<size_t>(result.train));
    // Again: nothing more to do.
    const auto again = split_folder(folder / "src", folder / "dst", by(how));
    CHECK(again.placed == 0);
    CHECK(files_below(folder / "dst") == placed);
  }
}

TEST_CASE("Doing it again places what is new and moves nothing") {
  TempFolder folder;
  write_source(folder);
  split_folder(folder / "src", folder / "dst", by("copy"));
  const auto before = files_below(folder / "dst");
  write_source(folder, 60);
  const auto result = split_folder(folder / "src", folder / "dst", by("copy"));
  CHECK(result.placed == 20);
  CHECK(result.there == 40);
  const auto after = files_below(folder / "dst");
  CHECK(std::includes(after.begin(), after.end(), before.begin(), before.end()));
}

TEST_CASE("Nothing is overwritten") {
  TempFolder folder;
  write_source(folder);
  split_folder(folder / "src", folder / "dst", by("copy"));
  const std::string victim = *files_below(folder / "dst").begin();
  folder.write("dst/" + victim, "something else");
  write_source(folder, 50);
  const auto before = files_below(folder / "dst");
  CHECK_THROWS_WITH_AS(split_folder(folder / "src", folder / "dst", by("copy")), doctest::Contains("other content"),
                       DataError);
  CHECK(files_below(folder / "dst") == before);
  CHECK(read_file(folder / ("dst/" + victim)) == "something else");
  // Other fractions would put a photo into a second split.
  TempFolder other;
  write_source(other);
  split_folder(other / "src", other / "dst", by("copy"));
  SplitFolderOptions more = by("copy");
  more.valid = 0.6;
  CHECK_THROWS_WITH_AS(split_folder(other / "src", other / "dst", more), doctest::Contains("already"), DataError);
}

TEST_CASE("What is interrupted is taken back") {
  for (const std::string how : {"copy", "link", "move"}) {
    CAPTURE(how);
    TempFolder folder;
    write_source(folder);
    const auto source = files_below(folder / "src");
    CHECK_THROWS_WITH(split_folder(folder / "src", folder / "dst", interrupted(how, 13)), "interrupted");
    CHECK(files_below(folder / "src") == source);
    CHECK(files_below(folder / "dst").empty());
    CHECK(split_folder(folder / "src", folder / "dst", by(how)).placed == 40);
  }
}

TEST_CASE("A move that was killed is put back by the next call") {
  TempFolder folder;
  write_source(folder);
  const auto source = files_below(folder / "src");
  std::string journal;
  SplitFolderOptions options = by("move");
  // What a killed process leaves: moved files and the journal.
  options.progress = [&](int64_t done, int64_t) {
    if (done == 13) {
      journal = read_file(folder / "dst/.cvtool-move");
      fs::copy(folder / "dst", folder / "killed", fs::copy_options::recursive);
      fs::copy(folder / "src", folder / "left", fs::copy_options::recursive);
    }
  };
  split_folder(folder / "src", folder / "dst", options);
  fs::remove_all(folder / "dst");
  fs::remove_all(folder / "src");
  fs::rename(folder / "killed", folder / "dst");
  fs::rename(folder / "left", folder / "src");
  CHECK(files_below(folder / "src").size() == 27);
  const auto result = split_folder(folder / "src", folder / "dst", by("move"));
  CHECK(result.undone == 13);
  CHECK(result.placed == 40);
  CHECK(files_below(folder / "dst").size() == 40);
}

TEST_CASE("Folders that cannot be split are refused with the reason") {
  TempFolder folder;
  write_source(folder);
  CHECK_THROWS_WITH_AS(split_folder(folder / "src", folder / "src/out", by("copy")), doctest::Contains("outside"),
                       UsageError);
  CHECK_THROWS_AS(split_folder(folder / "src", folder / "src", by("copy")), UsageError);
  CHECK_THROWS_WITH_AS(split_folder(folder / "none", folder / "dst", by("copy")), doctest::Contains("no folder"),
                       DataError);
  CHECK_THROWS_WITH_AS(split_folder(folder / "src", folder / "dst", by("mvoe")), doctest::Contains("'move'"),
                       UsageError);
  split_folder(folder / "src", folder / "dst", by("copy"));
  CHECK_THROWS_WITH_AS(split_folder(folder / "dst", folder / "again", by("copy")), doctest::Contains("DIR/CLASS"),
                       DataError);
  CHECK_FALSE(fs::exists(folder / "again"));
}
