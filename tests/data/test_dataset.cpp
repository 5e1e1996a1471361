#include "data/dataset.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "data/temp_folder.h"

using namespace cvtool;
namespace fs = std::filesystem;

namespace {

bool noted(const Dataset& dataset, const std::string& part) {
  return join(dataset.notes, "\n").find(part) != std::string::npos;
}

std::vector<std::string> paths(const std::vector<Sample>& samples) {
  std::vector<std::string> out;
  for (const auto& sample : samples) out.push_back(sample.path);
  return out;
}

void write_class(const TempFolder& folder, const std::string& name, int count) {
  for (int i = 0; i < count; ++i) folder.write(name + "/" + std::to_string(1000 + i) + ".jpg", "x");
}

std::map<std::string, std::string> placement(const Dataset& dataset) {
  std::map<std::string, std::string> out;
  for (const char* split : {"train", "valid", "test"})
    for (const auto& sample : dataset.split(split)) out[sample.path] = split;
  return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("Split folders give their splits, with classes in code-point order") {
  TempFolder folder;
  for (const char* name : {"train/b/2.jpg", "train/b/deep/er/1.PNG", "train/Z/x.jpeg", "train/a/1.webp", "val/a/3.tif",
                           "val/b/1.bmp", "val/Z/1.gif", "test/a/9.TIFF", "train/a/notes.txt", "train/.git/1.jpg",
                           "runs/train/a/1.jpg", "train/a/.hidden.jpg"})
    folder.write(name, "x");
  const Dataset dataset = find_dataset(folder.path() + "/", {}, 1);
  CHECK(dataset.layout == "folders");
  CHECK(dataset.classes == Names{"Z", "a", "b"});
  CHECK(paths(dataset.train) == Names{"train/Z/x.jpeg", "train/a/1.webp", "train/b/2.jpg", "train/b/deep/er/1.PNG"});
  CHECK(dataset.train[3].label == 2);
  CHECK(dataset.train[0].id == stable_hash("train/Z/x.jpeg"));
  CHECK(paths(dataset.valid) == Names{"val/Z/1.gif", "val/a/3.tif", "val/b/1.bmp"});
  CHECK(paths(dataset.test) == Names{"test/a/9.TIFF"});
  CHECK(noted(dataset, "class 'b' has no photos in the test split"));
}

TEST_CASE("Flat folders are split by fraction, each class alike") {
  TempFolder folder;
  write_class(folder, "cats", 400);
  write_class(folder, "dogs", 400);
  DataConfig config;
  config.test = 0.1;
  const Dataset dataset = find_dataset(folder.path(), config, 3);
  CHECK(dataset.layout == "flat");
  CHECK(dataset.train.size() + dataset.valid.size() + dataset.test.size() == 800);
  for (int64_t label : {0, 1}) {
    const auto of_class = [&](const std::vector<Sample>& samples) {
      return std::count_if(samples.begin(), samples.end(), [&](const Sample& s) { return s.label == label; });
    };
    CHECK(std::abs(of_class(dataset.valid) - 80) < 30);
    CHECK(std::abs(of_class(dataset.test) - 40) < 22);
  }
  CHECK(placement(find_dataset(folder.path(), config, 3)) == placement(dataset));
  CHECK(placement(find_dataset(folder.path(), config, 4)) != placement(dataset));
}

TEST_CASE("Photos for calibration come out of training alone, by chance alone, whoever names the other splits") {
  TempFolder folder;
  write_class(folder, "cats", 300);
  write_class(folder, "dogs", 300);
  DataConfig config;
  config.test = 0.1;
  const auto before = placement(find_dataset(folder.path(), config, 3));
  config.calibration = 0.2;
  const Dataset dataset = find_dataset(folder.path(), config, 3);
  CHECK(std::abs(static_cast<int>(dataset.calibration.size()) - 120) < 30);
  CHECK(dataset.train.size() + dataset.calibration.size() + dataset.valid.size() + dataset.test.size() == 600);
  CHECK(dataset.all().size() == 600);
  for (const Sample& sample : dataset.calibration) CHECK(before.at(sample.path) == "train");
  for (const auto& [path, split] : placement(dataset)) CHECK(before.at(path) == split);
  config.calibration = 0.8;
  CHECK_THROWS_WITH_AS(find_dataset(folder.path(), config, 3), doctest::Contains("valid + test + calibration"),
                       UsageError);

  TempFolder divided;
  for (int i = 0; i < 100; ++i)
    for (const char* name : {"train/a/", "train/b/", "valid/a/", "valid/b/"})
      divided.write(name + std::to_string(i) + ".jpg", "x" + std::to_string(i) + name);
  config.calibration = 0.2;
  config.test = 0.2;
  const Dataset named = find_dataset(divided.path(), config, 3);
  CHECK(std::abs(static_cast<int>(named.calibration.size()) - 40) < 20);
  CHECK(named.train.size() + named.calibration.size() == 200);
  CHECK(named.valid.size() + named.test.size() == 200);
}

TEST_CASE("Adding files moves no other file between splits") {
  TempFolder folder;
  write_class(folder, "cats", 60);
  write_class(folder, "dogs", 60);
  DataConfig config;
  config.test = 0.2;
  const auto before = placement(find_dataset(folder.path(), config, 1));
  for (int i = 0; i < 50; ++i) folder.write("cats/a new one " + std::to_string(i) + ".jpg", "x");
  folder.write("ants/1.jpg", "x");
  const auto after = placement(find_dataset(folder.path(), config, 1));
  for (const auto& [path, split] : before) CHECK(after.at(path) == split);
  // A larger fraction only adds to what is held out.
  config.test = 0.0;
  config.valid = 0.3;
  for (const auto& [path, split] : placement(find_dataset(folder.path(), config, 1)))
    if (before.count(path) && before.at(path) == "valid") CHECK(split == "valid");
}

TEST_CASE("The smallest classes have a photo in each split") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    TempFolder folder;
    write_class(folder, "a", 3);
    write_class(folder, "b", 2);
    write_class(folder, "c", 1);
    DataConfig config;
    config.valid = config.test = 0.1;
    const Dataset dataset = find_dataset(folder.path(), config, seed);
    const auto labels = [](const std::vector<Sample>& samples) {
      std::multiset<int64_t> out;
      for (const auto& sample : samples) out.insert(sample.label);
      return out;
    };
    CHECK(labels(dataset.train) == std::multiset<int64_t>{0, 1, 2});
    CHECK(labels(dataset.valid) == std::multiset<int64_t>{0, 1});
    CHECK(labels(dataset.test) == std::multiset<int64_t>{0});
  }
}

TEST_CASE("Held-back photos are those whose draw is below the fraction") {
  TempFolder folder;
  write_class(folder, "a", 50);
  write_class(folder, "b", 50);
  const Dataset dataset = find_dataset(folder.path(), {}, 9);
  for (const auto& sample : dataset.valid) CHECK(Random(9, "split", 0, sample.id).uniform() < 0.2);
  for (const auto& sample : dataset.train) CHECK(Random(9, "split", 0, sample.id).uniform() >= 0.2);
}

TEST_CASE("What the folders do not split is held out, and said") {
  TempFolder folder;
  write_class(folder, "train/a", 50);
  write_class(folder, "train/b", 50);
  const Dataset dataset = find_dataset(folder.path(), {}, 1);
  CHECK(dataset.layout == "folders");
  CHECK(dataset.valid.size() > 5);
  CHECK(noted(dataset, "20 % of train is held out"));
  write_class(folder, "valid/a", 40);
  write_class(folder, "valid/b", 40);
  DataConfig config;
  config.test = 0.5;
  const Dataset both = find_dataset(folder.path(), config, 1);
  CHECK(both.train.size() == 100);
  CHECK(both.valid.size() + both.test.size() == 80);
  CHECK(both.test.size() > 20);
  CHECK(noted(both, "50 % of valid is held out"));
}

TEST_CASE("A class that a split lacks or has beyond the others is named") {
  TempFolder folder;
  for (const char* name : {"train/a/1.jpg", "train/b/1.jpg", "valid/a/1.jpg", "valid/c/1.jpg", "valid/c/2.jpg"})
    folder.write(name, "x");
  const Dataset dataset = find_dataset(folder.path(), {}, 1);
  CHECK(dataset.classes == Names{"a", "b"});
  CHECK(paths(dataset.valid) == Names{"valid/a/1.jpg"});
  CHECK(noted(dataset, "class 'c' of the valid split is not among the classes: 2 photos not used"));
  CHECK(noted(dataset, "class 'b' has no photos in the valid split"));
}

TEST_CASE("Named classes decide the order; an unknown one is refused") {
  TempFolder folder;
  for (const char* name : {"a/1.jpg", "b/1.jpg", "c/1.jpg"}) folder.write(name, "x");
  DataConfig config;
  config.classes = {"c", "a"};
  const Dataset dataset = find_dataset(folder.path(), config, 1);
  CHECK(dataset.classes == Names{"c", "a"});
  CHECK(dataset.train.size() + dataset.valid.size() == 2);
  CHECK(noted(dataset, "class 'b' of the data is not among the classes"));
  config.classes = {"a", "cc"};
  CHECK_THROWS_WITH_AS(find_dataset(folder.path(), config, 1), doctest::Contains("'c'"), UsageError);
  config.classes = {"a", "a"};
  CHECK_THROWS_AS(find_dataset(folder.path(), config, 1), UsageError);
}

TEST_CASE("Classes named like splits are recognised or asked about") {
  TempFolder vehicles;
  for (const char* name : {"train/1.jpg", "bus/1.jpg", "car/1.jpg"}) vehicles.write(name, "x");
  CHECK(find_dataset(vehicles.path(), {}, 1).classes == Names{"bus", "car", "train"});

  TempFolder nested;
  for (const char* name : {"train/steam/1.jpg", "bus/1.jpg"}) nested.write(name, "x");
  CHECK_THROWS_WITH_AS(find_dataset(nested.path(), {}, 1), doctest::Contains("--classes"), DataError);
  DataConfig config;
  config.classes = {"bus", "train"};
  CHECK(find_dataset(nested.path(), config, 1).classes == Names{"bus", "train"});

  TempFolder loose;
  for (const char* name : {"train/1.jpg", "test/1.jpg"}) loose.write(name, "x");
  CHECK_THROWS_WITH_AS(find_dataset(loose.path(), {}, 1), doctest::Contains("no class folders"), DataError);
  config.classes = {"test", "train"};
  CHECK(find_dataset(loose.path(), config, 1).layout == "flat");

  TempFolder inner;
  for (const char* name : {"train/train/1.jpg", "train/test/1.jpg", "valid/train/1.jpg", "valid/test/1.jpg"})
    inner.write(name, "x");
  CHECK(find_dataset(inner.path(), {}, 1).classes == Names{"test", "train"});

  TempFolder twice;
  for (const char* name : {"train/a/1.jpg", "train/b/1.jpg", "valid/a/1.jpg", "val/a/1.jpg"}) twice.write(name, "x");
  CHECK_THROWS_WITH_AS(find_dataset(twice.path(), {}, 1), doctest::Contains("twice"), DataError);
}

TEST_CASE("Splits are known in any usual spelling and case") {
  TempFolder folder;
  for (const char* split : {"Train", "Test_set", "VAL"})
    for (const char* name : {"/a/1.jpg", "/b/1.jpg"}) folder.write(split + std::string(name), "x");
  const Dataset dataset = find_dataset(folder.path(), {}, 1);
  CHECK(dataset.layout == "folders");
  CHECK(dataset.classes == Names{"a", "b"});
  CHECK(paths(dataset.train) == Names{"Train/a/1.jpg", "Train/b/1.jpg"});
  CHECK(paths(dataset.valid) == Names{"VAL/a/1.jpg", "VAL/b/1.jpg"});
  CHECK(paths(dataset.test) == Names{"Test_set/a/1.jpg", "Test_set/b/1.jpg"});
  // "eval" is for testing beside a folder for validation, else for validation.
  TempFolder both;
  for (const char* split : {"train", "eval"})
    for (const char* name : {"/a/1.jpg", "/b/1.jpg"}) both.write(split + std::string(name), "x");
  CHECK(find_dataset(both.path(), {}, 1).valid.size() == 2);
  for (const char* name : {"dev/a/1.jpg", "dev/b/1.jpg"}) both.write(name, "x");
  const Dataset three = find_dataset(both.path(), {}, 1);
  CHECK(paths(three.valid) == Names{"dev/a/1.jpg", "dev/b/1.jpg"});
  CHECK(paths(three.test) == Names{"eval/a/1.jpg", "eval/b/1.jpg"});
  CHECK(noted(three, "'eval' is taken for the test split"));
}

TEST_CASE("Parts of a set under other names are no classes") {
  TempFolder folder;
  for (const char* part : {"part one", "part two"})
    for (const char* name : {"/cat/1.jpg", "/dog/1.jpg"}) folder.write(part + std::string(name), "x");
  CHECK_THROWS_WITH_AS(find_dataset(folder.path(), {}, 1), doctest::Contains("all hold the same folders, 'cat', 'dog'"),
                       DataError);
  DataConfig config;
  config.classes = {"part one", "part two"};
  CHECK(find_dataset(folder.path(), config, 1).classes.size() == 2);
  // As an archive of seg_train/seg_train/CLASS has it.
  TempFolder twice;
  for (const char* part : {"first/first", "second/second"})
    for (const char* name : {"/cat/1.jpg", "/dog/1.jpg"}) twice.write(part + std::string(name), "x");
  CHECK_THROWS_WITH_AS(find_dataset(twice.path(), {}, 1), doctest::Contains("'cat', 'dog'"), DataError);
  TempFolder turned;
  for (const char* name : {"cat/train/1.jpg", "cat/test/1.jpg", "dog/train/1.jpg", "dog/test/1.jpg"})
    turned.write(name, "x");
  CHECK_THROWS_WITH_AS(find_dataset(turned.path(), {}, 1), doctest::Contains("lie inside of the classes"), DataError);
  // One folder that they share says nothing.
  TempFolder images;
  for (const char* name : {"cat/images/1.jpg", "dog/images/1.jpg"}) images.write(name, "x");
  CHECK(find_dataset(images.path(), {}, 1).classes == Names{"cat", "dog"});
}

TEST_CASE("A folder around the set is told of with the folder that is meant") {
  TempFolder folder;
  for (const char* name : {"PetImages/Cat/1.jpg", "PetImages/Dog/1.jpg"}) folder.write(name, "x");
  CHECK_THROWS_WITH_AS(find_dataset(folder.path(), {}, 1),
                       doctest::Contains(("is " + (folder / "PetImages") + " what you mean?").c_str()), DataError);
  CHECK_THROWS_WITH_AS(find_dataset(folder.path() + "/", {}, 1), doctest::Contains("PetImages what you mean?"),
                       DataError);
}

TEST_CASE("Class names are one text in both forms of Unicode") {
  const std::string composed = "Caf\xc3\xa9", apart = "Cafe\xcc\x81";
  TempFolder folder;
  for (const std::string& name :
       {"train/" + composed, std::string("train/Bar"), "valid/" + apart, std::string("valid/Bar")})
    folder.write(name + std::string("/1.jpg"), "x");
  const Dataset dataset = find_dataset(folder.path(), {}, 1);
  CHECK(dataset.classes == Names{"Bar", composed});
  CHECK(paths(dataset.valid) == Names{"valid/Bar/1.jpg", "valid/" + apart + "/1.jpg"});
  CHECK(dataset.notes.empty());
  // A model may know either; its own spelling stays.
  DataConfig config;
  config.classes = {apart, "Bar"};
  const Dataset own = find_dataset(folder.path(), config, 1);
  CHECK(own.classes == config.classes);
  CHECK(own.train.size() == 2);
  CHECK(own.valid.size() == 2);
  TempFolder both;
  for (const std::string& name : {composed, apart, std::string("Bar")}) both.write(name + "/" + name + ".jpg", "x");
  const Dataset merged = find_dataset(both.path(), {}, 1);
  CHECK(merged.classes == Names{"Bar", composed});
  CHECK(merged.all().size() == 3);
  CHECK(noted(merged, "two forms of Unicode"));
  both.write("list.csv", "1.jpg," + composed + "\n2.jpg," + apart + "\n3.jpg,Bar\n");
  CHECK(find_dataset(both / "list.csv", {}, 1).classes == Names{"Bar", composed});
}

TEST_CASE("Classes that differ in nothing but capitals are told of") {
  TempFolder folder;
  for (const char* name : {"Car/1.jpg", "car/1.jpg"}) folder.write(name, "x");
  CHECK(noted(find_dataset(folder.path(), {}, 1), "'Car' and 'car' differ in nothing but capitals"));
}

TEST_CASE("A set that need not be trained on may be without classes or of one") {
  TempFolder folder;
  for (const char* name : {"1.jpg", "2.png", "below/3.jpg"}) folder.write(name, "x");
  folder.write("notes.txt", "x");
  const Dataset one = find_photos(folder.path(), {}, 1);
  CHECK(one.classes == Names{"below"});
  CHECK(noted(one, "2 photos directly in"));
  fs::remove_all(folder / "below");
  const Dataset loose = find_photos(folder.path(), {}, 1);
  CHECK(paths(loose.train) == Names{"1.jpg", "2.png"});
  CHECK(loose.classes == Names{""});
  CHECK(noted(loose, "there are no class folders"));
  CHECK(noted(loose, "1 .txt"));
  CHECK_THROWS_AS(find_photos(folder / "none", {}, 1), DataError);
}

TEST_CASE("Folders that cannot be trained on are refused with the reason") {
  TempFolder folder;
  CHECK_THROWS_WITH_AS(find_dataset(folder / "missing", {}, 1), doctest::Contains("missing"), DataError);
  CHECK_THROWS_WITH_AS(find_dataset(folder.path(), {}, 1), doctest::Contains("no photos"), DataError);
  folder.write("1.jpg", "x");
  CHECK_THROWS_WITH_AS(find_dataset(folder.path(), {}, 1), doctest::Contains("no class folders"), DataError);
  CHECK_THROWS_WITH_AS(find_dataset(folder / "1.jpg", {}, 1), doctest::Contains("neither a folder nor a CSV"),
                       DataError);
  folder.write("cats/1.jpg", "x");
  CHECK_THROWS_WITH_AS(find_dataset(folder.path(), {}, 1), doctest::Contains("one class only, 'cats'"), DataError);
  fs::create_directories(folder / "dogs");
  CHECK_THROWS_WITH_AS(find_dataset(folder.path(), {}, 1), doctest::Contains("one class only"), DataError);
  DataConfig config;
  config.valid = config.test = 0.5;
  folder.write("dogs/1.jpg", "x");
  CHECK_THROWS_AS(find_dataset(folder.path(), config, 1), UsageError);
}

TEST_CASE("Symbolic links are followed and loops are errors") {
  TempFolder folder, other;
  other.write("1.jpg", "x");
  folder.write("dogs/1.jpg", "x");
  fs::create_directory_symlink(other.path(), folder / "cats");
  CHECK(find_dataset(folder.path(), {}, 1).classes == Names{"cats", "dogs"});
  fs::create_directory_symlink(folder.path(), folder / "dogs/up");
  CHECK_THROWS_WITH_AS(find_dataset(folder.path(), {}, 1), doctest::Contains("symbolic link"), DataError);
  CHECK_THROWS_AS(find_images(folder.path()), DataError);
}

TEST_CASE("Names may hold spaces, newlines and any letters") {
  TempFolder folder;
  const Names classes{"chats \xc3\xa9t\xc3\xa9", "\xe7\x8a\xac\nzwei"};
  for (const auto& name : classes) folder.write(name + "/a, \"b\" \xf0\x9f\x90\x95\n.jpg", "x");
  const Dataset dataset = find_dataset(folder.path(), {}, 1);
  CHECK(dataset.classes == classes);
  CHECK(fs::exists(folder / placement(dataset).begin()->first));
}

TEST_CASE("A CSV file lists paths, labels and splits") {
  TempFolder folder;
  folder.write("list.csv",
               "\xef\xbb\xbfpath,label,split\r\n\"a, "
               "\"\"1\"\".jpg\",cat,train\r\nb.jpg,dog,train\r\n/abs/c.jpg,cat,val\r\nd.jpg,dog,Test\r\n");
  const Dataset dataset = find_dataset(folder / "list.csv", {}, 1);
  CHECK(dataset.layout == "csv");
  CHECK(dataset.names_splits);
  CHECK(dataset.root == folder.path());
  CHECK(dataset.classes == Names{"cat", "dog"});
  CHECK(paths(dataset.train) == Names{"a, \"1\".jpg", "b.jpg"});
  CHECK(paths(dataset.valid) == Names{"/abs/c.jpg"});
  CHECK(paths(dataset.test) == Names{"d.jpg"});
  folder.write("plain.csv", "a.jpg,cat\nb.jpg,dog\nb.jpg,dog\n\nc.jpg,cat\nd.jpg,dog");
  const Dataset plain = find_dataset(folder / "plain.csv", {}, 1);
  CHECK_FALSE(plain.names_splits);
  CHECK(plain.train.size() + plain.valid.size() == 4);
  CHECK(plain.valid.size() == 2);
  CHECK(noted(plain, "1 repeated line"));
}

TEST_CASE("Mistakes in a CSV file are named with their line") {
  TempFolder folder;
  const auto refuses = [&](const std::string& text, const std::string& part) {
    folder.write("bad.csv", text);
    CHECK_THROWS_WITH_AS(find_dataset(folder / "bad.csv", {}, 1), doctest::Contains(part.c_str()), DataError);
  };
  refuses("", "is empty");
  refuses("a.jpg,cat\nb.jpg\n", "line 2: the label is empty");
  refuses("a.jpg,cat\n,dog\n", "line 2: the path is empty");
  refuses("a.jpg,cat,train\nb.jpg,dog,trian\n", "'train'");
  refuses("a.jpg,cat\n\"b\nc.jpg,dog\n", "line 2: a quotation mark");
  refuses("a.jpg,cat\nb.jpg,dog\na.jpg,dog\n", "line 3");
  refuses("a.jpg,cat,train\nb.jpg,dog\n", "no split");
  refuses("a.jpg,cat\nb.jpg,cat\n", "one class only");
}

TEST_CASE("Images are found below a folder or as the file itself") {
  TempFolder folder;
  for (const char* name : {"b.jpg", "a/2.PNG", "a/1.txt", ".x/1.jpg", "a/b/c.ppm"}) folder.write(name, "x");
  CHECK(find_images(folder.path()) == Names{folder / "a/2.PNG", folder / "a/b/c.ppm", folder / "b.jpg"});
  CHECK(find_images(folder / "a/1.txt") == Names{folder / "a/1.txt"});
  CHECK_THROWS_AS(find_images(folder / "none"), DataError);
  fs::create_directories(folder / "empty");
  CHECK_THROWS_WITH_AS(find_images(folder / "empty"), doctest::Contains(".jpg"), DataError);
}
