#include "datatools/fix_labels.h"

#include <doctest/doctest.h>

#include <map>

#include "base/error.h"
#include "base/files.h"
#include "data/temp_folder.h"
#include "datatools/fix_list.h"

using namespace cvtool;
namespace fs = std::filesystem;

namespace {

// path -> content of every file, but the lists.
std::map<std::string, std::string> tree_of(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory()) files[entry.path().lexically_relative(folder).string()] = read_file(entry.path());
  return files;
}

// Two splits of two classes; in both classes of train the files have the same names.
void write_classes(const TempFolder& folder) {
  for (const char* place :
       {"train/cats/1", "train/cats/2", "train/dogs/1", "train/dogs/3", "valid/cats/4", "valid/dogs/5"})
    folder.write(std::string("photos/") + place + ".jpg", place);
}

constexpr const char* kFixes =
    "path,given,action,label\ntrain/cats/1.jpg,cats,relabel,dogs\ntrain/cats/2.jpg,cats,drop,\n"
    "valid/dogs/5.jpg,dogs,relabel,cats\ntrain/dogs/3.jpg,dogs,keep,\n";

FixRequest fixing(const TempFolder& folder, const std::string& into = "") {
  return {folder / "photos", folder / "fixes.csv", into.empty() ? "" : folder / into, false};
}

FixRequest undoing(const TempFolder& folder) { return {folder / "photos", folder / "fixes-undo.csv", "", true}; }

FixProgress fails_after(int64_t count) {
  return [count](int64_t done, int64_t) {
    if (done == count) throw Error("interrupted");
  };
}

std::string refusal(const TempFolder& folder, const std::string& fixes) {
  folder.write("fixes.csv", fixes);
  const auto before = tree_of(folder / "photos");
  std::string message;
  try {
    fix_labels(fixing(folder));
  } catch (const DataError& error) {
    message = error.what();
  }
  CHECK(tree_of(folder / "photos") == before);
  return message;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("Fixes into a new folder copy the photos as they should be, and touch nothing else") {
  TempFolder folder;
  write_classes(folder);
  folder.write("fixes.csv", kFixes);
  const auto before = tree_of(folder / "photos");
  const FixResult result = fix_labels(fixing(folder, "new"));
  CHECK(tree_of(folder / "photos") == before);
  CHECK(result.relabelled == 2);
  CHECK(result.dropped == 1);
  CHECK(result.kept == 1);
  CHECK(result.placed == 5);
  CHECK(tree_of(folder / "new") == std::map<std::string, std::string>{{"train/dogs/1.jpg", "train/dogs/1"},
                                                                      {"train/dogs/1_from_cats.jpg", "train/cats/1"},
                                                                      {"train/dogs/3.jpg", "train/dogs/3"},
                                                                      {"valid/cats/4.jpg", "valid/cats/4"},
                                                                      {"valid/cats/5.jpg", "valid/dogs/5"}});
  const FixResult again = fix_labels(fixing(folder, "new"));
  CHECK(again.placed == 0);
  CHECK(again.there == 5);
  // What another list has put there would be a second copy of a photo, in another class.
  folder.write("fixes.csv", "path,given,action,label\n");
  CHECK_THROWS_WITH_AS(fix_labels(fixing(folder, "new")),
                       doctest::Contains("1_from_cats.jpg, which these fixes do not"), DataError);
  folder.write("fixes.csv", kFixes);
  folder.write("new/train/dogs/3.jpg", "another");
  CHECK_THROWS_WITH_AS(fix_labels(fixing(folder, "new")), doctest::Contains("other content"), DataError);
}

TEST_CASE("Fixes in place lose no photo, and are undone by their undo file") {
  TempFolder folder;
  write_classes(folder);
  folder.write("fixes.csv", kFixes);
  const auto before = tree_of(folder / "photos");
  const FixResult result = fix_labels(fixing(folder));
  CHECK(result.undo == folder / "fixes-undo.csv");
  const auto fixed = tree_of(folder / "photos");
  CHECK(fixed.size() == before.size());
  CHECK(fixed.at("train/dogs/1_from_cats.jpg") == "train/cats/1");
  CHECK(fixed.at(".cvtool-dropped/train/cats/2.jpg") == "train/cats/2");
  CHECK(fixed.at("valid/cats/5.jpg") == "valid/dogs/5");
  CHECK(fix_labels(fixing(folder)).there == 3);
  CHECK(tree_of(folder / "photos") == fixed);
  CHECK(fix_labels(undoing(folder)).placed == 3);
  CHECK(tree_of(folder / "photos") == before);
  CHECK_FALSE(fs::exists(folder / "photos/.cvtool-dropped"));
}

TEST_CASE("A fix that fails is taken back; one that was killed is gone on with, or put back") {
  TempFolder folder;
  write_classes(folder);
  folder.write("fixes.csv", kFixes);
  const auto before = tree_of(folder / "photos");
  for (const char* into : {"", "new"}) {
    CHECK_THROWS_AS(fix_labels(fixing(folder, into), fails_after(2)), Error);
    CHECK(tree_of(folder / "photos") == before);
    CHECK_FALSE(fs::exists(folder / "fixes-undo.csv"));
    CHECK((!fs::exists(folder / "new") || tree_of(folder / "new").empty()));
  }
  fix_labels(fixing(folder));
  const auto fixed = tree_of(folder / "photos");
  // As a kill after the first move leaves it.
  const auto killed = [&] {
    fs::rename(folder / "photos/valid/cats/5.jpg", folder / "photos/valid/dogs/5.jpg");
    fs::rename(folder / "photos/.cvtool-dropped/train/cats/2.jpg", folder / "photos/train/cats/2.jpg");
  };
  killed();
  const FixResult rest = fix_labels(fixing(folder));
  CHECK(rest.there == 1);
  CHECK(rest.relabelled == 2);
  CHECK(tree_of(folder / "photos") == fixed);
  killed();
  CHECK(fix_labels(undoing(folder)).placed == 1);
  CHECK(tree_of(folder / "photos") == before);
}

TEST_CASE("What cannot be meant is refused with its line before anything is touched") {
  TempFolder folder;
  write_classes(folder);
  const std::string head = "path,given,action,label\n";
  CHECK(says(refusal(folder, head + "train/cats/9.jpg,cats,drop,\n"), "line 2: there is no photo train/cats/9.jpg"));
  CHECK(says(refusal(folder, head + "train/cats/1.jpg,cats,relabel,dogz\n"), "dogz"));
  CHECK(says(refusal(folder, head + "train/cats/1.jpg,cats,relabel,\n"), "needs a class"));
  CHECK(says(refusal(folder, head + "train/cats/1.jpg,cats,delete,\n"), "delete"));
  CHECK(says(refusal(folder, head + "train/cats/1.jpg,dogs,drop,\n"), "lies in 'cats' now"));
  CHECK(says(refusal(folder, head + "train/cats/1.jpg,,drop,\ntrain/cats/1.jpg,,keep,\n"), "stands in line 2"));
  CHECK(says(refusal(folder, "path,suggested\ntrain/cats/1.jpg,dogs\n"), "columns path and action"));
  CHECK(says(refusal(folder, ""), "is empty"));
  CHECK(says(refusal(folder, head + "../fixes.csv,,drop,\n"), "there is no photo"));
}

TEST_CASE("Undo files are not believed, and an older one of other fixes is not written over") {
  TempFolder folder;
  write_classes(folder);
  folder.write("fixes.csv", kFixes);
  for (const char* name : {"../fixes.csv", "/etc/passwd", "a/../../b"}) {
    folder.write("fixes-undo.csv", "moved_from,moved_to\ntrain/cats/1.jpg," + std::string(name) + "\n");
    CHECK_THROWS_WITH_AS(fix_labels(undoing(folder)), doctest::Contains("leads out of"), Error);
  }
  const std::string other = "moved_from,moved_to\ntrain/dogs/3.jpg,train/cats/3.jpg\n";
  folder.write("fixes-undo.csv", other);
  CHECK_THROWS_WITH_AS(fix_labels(fixing(folder)), doctest::Contains("of other fixes"), DataError);
  CHECK(read_file(folder / "fixes-undo.csv") == other);
  CHECK(fix_labels(undoing(folder)).placed == 0);
  folder.write("fixes-undo.csv", "path,action\n");
  CHECK_THROWS_WITH_AS(fix_labels(undoing(folder)), doctest::Contains("no undo file"), DataError);
}

TEST_CASE("Lists, archives and what is not there are refused in words") {
  TempFolder folder;
  write_classes(folder);
  folder.write("list.csv", "path,label\n");
  folder.write("fixes.csv", kFixes);
  FixRequest request = fixing(folder, "new");
  request.data = folder / "list.csv";
  CHECK_THROWS_WITH_AS(fix_labels(request), doctest::Contains("only a folder of classes"), UsageError);
  request.data = folder / "nothing";
  CHECK_THROWS_WITH_AS(fix_labels(request), doctest::Contains("there is no folder"), DataError);
  request = fixing(folder, "photos/new");
  CHECK_THROWS_WITH_AS(fix_labels(request), doctest::Contains("lies in"), UsageError);
  request = fixing(folder, "new");
  request.fixes = folder / "none.csv";
  CHECK_THROWS_WITH_AS(fix_labels(request), doctest::Contains("there is no file"), DataError);
}
