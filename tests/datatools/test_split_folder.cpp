#include "datatools/split_folder.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "data/dataset.h"
#include "data/temp_folder.h"
#include "datatools/move_plan.h"

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

SplitRequest splitting(const std::string& source, const std::string& target, const std::string& how) {
  return {source, target, how, {0.2, 0.2, 0, ""}};
}

// Throws after so many files.
SplitProgress interrupted(int64_t after) {
  return [after](int64_t done, int64_t) {
    if (done == after) throw Error("interrupted");
  };
}

}  // namespace

TEST_CASE("A folder is split by copying, linking or moving") {
  for (const std::string how : {"copy", "link", "move"}) {
    CAPTURE(how);
    TempFolder folder;
    write_source(folder);
    const auto result = split_folder(splitting(folder / "src", folder / "dst", how));
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
    const auto again = split_folder(splitting(folder / "src", folder / "dst", how));
    CHECK(again.placed == 0);
    CHECK(files_below(folder / "dst") == placed);
  }
}

TEST_CASE("Doing it again places what is new and moves nothing") {
  TempFolder folder;
  write_source(folder);
  split_folder(splitting(folder / "src", folder / "dst", "copy"));
  const auto before = files_below(folder / "dst");
  write_source(folder, 60);
  const auto result = split_folder(splitting(folder / "src", folder / "dst", "copy"));
  CHECK(result.placed == 20);
  CHECK(result.there == 40);
  const auto after = files_below(folder / "dst");
  CHECK(std::includes(after.begin(), after.end(), before.begin(), before.end()));
}

TEST_CASE("Nothing is overwritten") {
  TempFolder folder;
  write_source(folder);
  split_folder(splitting(folder / "src", folder / "dst", "copy"));
  const std::string victim = *files_below(folder / "dst").begin();
  folder.write("dst/" + victim, "something else");
  write_source(folder, 50);
  const auto before = files_below(folder / "dst");
  CHECK_THROWS_WITH_AS(split_folder(splitting(folder / "src", folder / "dst", "copy")),
                       doctest::Contains("other content"), DataError);
  CHECK(files_below(folder / "dst") == before);
  CHECK(read_file(folder / ("dst/" + victim)) == "something else");
  // Other fractions would put a photo into a second split.
  TempFolder other;
  write_source(other);
  split_folder(splitting(other / "src", other / "dst", "copy"));
  SplitRequest more = splitting(other / "src", other / "dst", "copy");
  more.options.valid = 0.6;
  CHECK_THROWS_WITH_AS(split_folder(more), doctest::Contains("already"), DataError);
}

TEST_CASE("What is interrupted is taken back") {
  for (const std::string how : {"copy", "link", "move"}) {
    CAPTURE(how);
    TempFolder folder;
    write_source(folder);
    const auto source = files_below(folder / "src");
    CHECK_THROWS_WITH(split_folder(splitting(folder / "src", folder / "dst", how), interrupted(13)), "interrupted");
    CHECK(files_below(folder / "src") == source);
    CHECK(fs::is_directory(folder / "dst"));
    CHECK(fs::is_empty(folder / "dst"));
    CHECK(split_folder(splitting(folder / "src", folder / "dst", how)).placed == 40);
  }
}

TEST_CASE("A move that was killed is put back by the next call") {
  TempFolder folder;
  write_source(folder);
  const auto source = files_below(folder / "src");
  std::string journal;
  // What a killed process leaves: moved files and the journal.
  const SplitProgress progress = [&](int64_t done, int64_t) {
    if (done == 13) {
      journal = read_file(folder / "dst/.cvtool-move");
      fs::copy(folder / "dst", folder / "killed", fs::copy_options::recursive);
      fs::copy(folder / "src", folder / "left", fs::copy_options::recursive);
    }
  };
  split_folder(splitting(folder / "src", folder / "dst", "move"), progress);
  fs::remove_all(folder / "dst");
  fs::remove_all(folder / "src");
  fs::rename(folder / "killed", folder / "dst");
  fs::rename(folder / "left", folder / "src");
  CHECK(files_below(folder / "src").size() == 27);
  const auto result = split_folder(splitting(folder / "src", folder / "dst", "move"));
  CHECK(result.undone == 13);
  CHECK(result.placed == 40);
  CHECK(files_below(folder / "dst").size() == 40);
}

TEST_CASE("Of a move that was killed, only what lies in the target alone is put back") {
  TempFolder folder;
  write_source(folder, 6);
  const std::string moved = "dogs/0.jpg", both = "dogs/2.jpg", gone = "dogs/4.jpg";
  fs::create_directories(folder / "dst/train/dogs");
  fs::rename(folder / ("src/" + moved), folder / ("dst/train/" + moved));
  fs::copy(folder / ("src/" + both), folder / ("dst/train/" + both));
  fs::remove(folder / ("src/" + gone));
  write_move_plan(folder / "src", folder / "dst", {{"train", moved}, {"train", both}, {"train", gone}});
  SplitRequest request = splitting(folder / "src", folder / "dst", "move");
  request.options = {0, 0, 0, ""};
  const auto result = split_folder(request);
  CHECK(result.undone == 1);
  CHECK(result.there == 1);
  CHECK(result.placed == 4);
}

TEST_CASE("A copy that was placed keeps its place when photos like it are added before it") {
  TempFolder folder;
  for (int i = 0; i < 24; ++i) folder.write_photo("src/cats/b" + std::to_string(i) + ".png", i);
  split_folder(splitting(folder / "src", folder / "dst", "copy"));
  const auto before = files_below(folder / "dst");
  for (int i = 0; i < 24; ++i) folder.write_photo("src/cats/a" + std::to_string(i) + ".png", i);
  CHECK(split_folder(splitting(folder / "src", folder / "dst", "copy")).placed == 24);
  const auto after = files_below(folder / "dst");
  CHECK(after.size() == 48);
  for (const std::string& path : before) {
    std::string beside = path;
    beside[beside.rfind("/b") + 1] = 'a';
    CHECK(after.count(path) == 1);
    CHECK(after.count(beside) == 1);
  }
}

TEST_CASE("A plan of a move that leads out of the folders is refused and nothing is moved") {
  const std::string zero(1, '\0');
  for (const std::string photo :
       {"../../secret/key", "/etc/passwd", "a/../../../secret/key", "link/key", "a//b", "./b"}) {
    CAPTURE(photo);
    TempFolder folder;
    write_source(folder);
    folder.write("secret/key", "key");
    folder.write("dst/train/payload", "payload");
    fs::create_symlink(folder / "secret", folder / "dst/train/link");
    fs::create_symlink(folder / "secret", folder / "src/link");
    const std::string source = fs::canonical(folder / "src").string();
    folder.write("dst/.cvtool-move", "cvtool move 2" + zero + source + zero + "train" + zero + photo + zero);
    const auto before = files_below(folder.path());
    CHECK_THROWS_WITH_AS(split_folder(splitting(folder / "src", folder / "dst", "move")),
                         doctest::Contains("leads out of the folders"), Error);
    CHECK(files_below(folder.path()) == before);
  }
  // By a link of the target alone, or into no split.
  for (const MoveStep& step : {MoveStep{"train", "link/key"}, MoveStep{"other", "key"}}) {
    CAPTURE(step.split);
    TempFolder folder;
    write_source(folder);
    folder.write("secret/key", "key");
    fs::create_directories(folder / "dst/train");
    fs::create_symlink(folder / "secret", folder / "dst/train/link");
    write_move_plan(folder / "src", folder / "dst", {step});
    CHECK(contains(message_of([&] { split_folder(splitting(folder / "src", folder / "dst", "move")); }),
                   "names '" + step.split + "/" + step.photo + "', which leads out of the folders"));
    CHECK(content_of(folder / "secret/key") == "key");
  }
}

TEST_CASE("A plan that is none, or of another move, is refused and nothing is moved") {
  const std::string zero(1, '\0');
  const auto message = [&](const std::string& plan, const std::string& how) {
    TempFolder folder;
    write_source(folder);
    folder.write("dst/train/payload", "payload");
    folder.write("dst/.cvtool-move",
                 plan.empty() ? folder / "autostart" + zero + folder / "dst/train/payload" + zero : plan);
    const auto before = files_below(folder.path());
    const std::string text = message_of([&] { split_folder(splitting(folder / "src", folder / "dst", how)); });
    CHECK(files_below(folder.path()) == before);
    return text;
  };
  CHECK(contains(message("", "move"), "is not a plan of a move"));
  CHECK(contains(message("", "copy"), "holds the plan of a move that was cut short"));
  CHECK(contains(message("garbage", "move"), "is not a plan of a move"));
  const std::string foreign = "cvtool move 2" + zero + "/elsewhere" + zero + "train" + zero + "a/1.png" + zero;
  CHECK(contains(message(foreign, "move"), "is the plan of a move from /elsewhere that was cut short"));
  TempFolder folder;
  write_source(folder);
  const std::string whole = fs::weakly_canonical(folder / "src").string();
  CHECK(contains(message("cvtool move 2" + zero + whole + zero + "train" + zero, "move"), "is not a plan of a move"));
  fs::create_directories(folder / "dst");
  fs::create_symlink(folder / "victim", folder / "dst/.cvtool-move");
  CHECK_THROWS_AS(split_folder(splitting(folder / "src", folder / "dst", "move")), Error);
  CHECK_FALSE(fs::exists(folder / "victim"));
}

TEST_CASE("Folders that cannot be split are refused with the reason") {
  TempFolder folder;
  write_source(folder);
  CHECK_THROWS_WITH_AS(split_folder(splitting(folder / "src", folder / "src/out", "copy")),
                       doctest::Contains("outside"), UsageError);
  CHECK_THROWS_AS(split_folder(splitting(folder / "src", folder / "src", "copy")), UsageError);
  CHECK_THROWS_WITH_AS(split_folder(splitting(folder / "none", folder / "dst", "copy")), doctest::Contains("no folder"),
                       DataError);
  CHECK_THROWS_WITH_AS(split_folder(splitting(folder / "src", folder / "dst", "mvoe")), doctest::Contains("'move'"),
                       UsageError);
  CHECK_THROWS_WITH_AS(split_folder(splitting(folder.write("list.csv", "a.jpg,cat\n"), folder / "dst", "copy")),
                       doctest::Contains("is a file"), UsageError);
  for (const auto& [valid, test] :
       std::vector<std::pair<double, double>>{{0.6, 0.6}, {0.5, 0.5}, {-0.1, 0.5}, {0.5, -0.1}}) {
    SplitRequest request = splitting(folder / "src", folder / "dst", "copy");
    request.options = {valid, test, 0, ""};
    CHECK_THROWS_WITH_AS(split_folder(request), doctest::Contains("below 1 together"), UsageError);
  }
  CHECK_FALSE(fs::exists(folder / "dst"));
  split_folder(splitting(folder / "src", folder / "dst", "copy"));
  CHECK_THROWS_WITH_AS(split_folder(splitting(folder / "dst", folder / "again", "copy")),
                       doctest::Contains("DIR/CLASS"), DataError);
  CHECK_FALSE(fs::exists(folder / "again"));
}

TEST_CASE("The photos of a group go to one split, where later ones follow them") {
  TempFolder folder;
  for (int i = 0; i < 60; ++i)
    folder.write(std::string("src/") + (i % 2 ? "cats" : "dogs") + "/p" + std::to_string(i / 4) + "_" +
                     std::to_string(i) + ".jpg",
                 "photo " + std::to_string(i));
  SplitRequest request = splitting(folder / "src", folder / "dst", "copy");
  request.options.group = "^(p[0-9]+)_";
  const auto splits_by_group = [&] {
    std::map<std::string, std::set<std::string>> splits;
    for (const std::string& path : files_below(folder / "dst")) {
      const std::string name = fs::path(path).filename();
      splits[name.substr(0, name.find('_'))].insert(path.substr(0, path.find('/')));
    }
    return splits;
  };
  CHECK(split_folder(request).placed == 60);
  for (const auto& [group, splits] : splits_by_group()) CHECK(splits.size() == 1);
  for (int i = 0; i < 15; ++i)
    folder.write("src/cats/p" + std::to_string(i) + "_0new.jpg", "new photo " + std::to_string(i));
  CHECK(split_folder(request).placed == 15);
  for (const auto& [group, splits] : splits_by_group()) CHECK(splits.size() == 1);
  request.options.group = "^none_";
  CHECK_THROWS_WITH_AS(split_folder(request), doctest::Contains("finds no group"), UsageError);
}
