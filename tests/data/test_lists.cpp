// JSON Lines, Hugging Face's metadata files, and groups.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

struct ListFolder {
  TempFolder folder;
  DataConfig config{};
  ListFolder() {
    for (const char* name : {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}) folder.write(name, "x");
  }
  Dataset read(const std::string& name, const std::string& text) const {
    folder.write(name, text);
    return find_dataset(folder / name, config, 1);
  }
};

std::string class_of(const Dataset& dataset, const std::string& path) {
  for (const Sample& sample : dataset.all())
    if (sample.path == path) return dataset.classes[static_cast<size_t>(sample.label)];
  return "";
}

bool notes_say(const Dataset& dataset, const std::string& part) { return contains(join(dataset.notes, "\n"), part); }

const char* const kLines =
    "{\"file_name\": \"a.jpg\", \"label\": \"cat\", \"size\": [3, 4]}\n\n"
    "{\"label\": \"dog\", \"file_name\": \"b.jpg\"}\r\n"
    "{\"file_name\": \"c.jpg\", \"label\": \"cat\"}\n{\"file_name\": \"d.jpg\", \"label\": \"dog\"}";

}  // namespace

TEST_CASE("JSON Lines are a list of photos whose keys are the columns") {
  ListFolder list;
  for (const char* name : {"list.jsonl", "list.NDJSON"}) {
    const Dataset dataset = list.read(name, kLines);
    CHECK(dataset.layout == "csv");
    CHECK(dataset.all().size() == 4);
    CHECK(class_of(dataset, "a.jpg") == "cat");
    CHECK(class_of(dataset, "b.jpg") == "dog");
  }
  list.config.path_column = "bild";
  list.config.label_column = "art";
  list.config.split_column = "teil";
  const Dataset named = list.read("list.jsonl", R"({"bild": "a.jpg", "art": 3, "label": "x", "teil": "train"}
{"bild": "b.jpg", "art": 12, "label": "x", "teil": "train"}
{"bild": "c.jpg", "art": 12, "label": "x", "teil": "val"}
)");
  CHECK(class_of(named, "a.jpg") == "3");
  CHECK(class_of(named, "b.jpg") == "12");
  CHECK(named.valid.size() == 1);
}

TEST_CASE("A line that is no object, or lacks a label, is refused by its number") {
  const ListFolder list;
  const auto refuses = [&](const std::string& text, const std::string& part) {
    CHECK_THROWS_WITH_AS(list.read("list.jsonl", text), doctest::Contains(part.c_str()), DataError);
  };
  refuses("", "is empty");
  refuses(std::string(kLines) + "\n[1]\n", "line 6: is no JSON object");
  refuses(std::string(kLines) + "\n{\"file_name\": \n", "line 6: is no JSON object");
  refuses(std::string(kLines) + "\n{\"file_name\": \"e.jpg\"}\n", "line 6: the label is empty");
  refuses("{\"a\": []}\n", "no key has a plain value");
}

TEST_CASE("A folder's metadata file names its photos and labels, as imagefolder has it") {
  const ListFolder list;
  list.folder.write("metadata.jsonl", kLines);
  const Dataset lines = find_dataset(list.folder.path(), {}, 1);
  CHECK(lines.all().size() == 4);
  CHECK(class_of(lines, "d.jpg") == "dog");

  const TempFolder split;
  for (const char* name : {"train/a.jpg", "train/b.jpg", "test/x/c.jpg"}) split.write(name, "x");
  split.write("train/metadata.csv", "file_name,label\na.jpg,cat\nb.jpg,dog\n");
  split.write("test/metadata.csv", "file_name,label\nx/c.jpg,cat\n");
  const Dataset both = find_dataset(split.path(), {}, 1);
  CHECK(both.test.size() == 1);
  CHECK(both.test[0].path == "test/x/c.jpg");
  CHECK(class_of(both, "train/b.jpg") == "dog");
}

TEST_CASE("A metadata file without labels leaves the word to the folders, and is told of") {
  const TempFolder folder;
  for (const char* name : {"cat/a.jpg", "cat/b.jpg", "dog/c.jpg", "dog/d.jpg"}) folder.write(name, "x");
  folder.write("metadata.csv", "file_name,text\ncat/a.jpg,a cat on a mat\n");
  const Dataset dataset = find_dataset(folder.path(), {}, 1);
  CHECK(dataset.layout == "flat");
  CHECK(class_of(dataset, "cat/a.jpg") == "cat");
  CHECK(notes_say(dataset, "metadata.csv: not used"));
}

TEST_CASE("The photos of a group are held out together, with the copies of them") {
  const TempFolder folder;
  std::string list = "file,label,group\n", renamed = "file,label,patient\n";
  for (int i = 0; i < 200; ++i) {
    const std::string name = std::to_string(i) + ".jpg", label = i % 2 ? "dog" : "cat",
                      group = "p" + std::to_string(i / 5);
    folder.write(name, "photo " + std::to_string(i));
    list += name + "," + label + "," + group + "\n";
    renamed += name + "," + label + "," + group + "\n";
  }
  folder.write("list.csv", list);
  folder.write("renamed.csv", renamed);
  const auto torn = [](const Dataset& dataset) {
    std::set<int> train, valid;
    for (const Sample& sample : dataset.train) train.insert(std::stoi(sample.path) / 5);
    int both = 0;
    for (const Sample& sample : dataset.valid) both += static_cast<int>(train.count(std::stoi(sample.path) / 5));
    return both;
  };
  const Dataset dataset = find_dataset(folder / "list.csv", {}, 1);
  CHECK(dataset.valid.size() > 10);
  CHECK(dataset.valid.size() < 90);
  CHECK(torn(dataset) == 0);
  CHECK(notes_say(dataset, "groups in 'group'"));
  CHECK(torn(find_dataset(folder / "renamed.csv", {}, 1)) > 0);
  DataConfig config;
  config.group_column = "patient";
  CHECK(torn(find_dataset(folder / "renamed.csv", config, 1)) == 0);
  config.group_column = "patiente";
  CHECK_THROWS_WITH_AS(find_dataset(folder / "renamed.csv", config, 1), doctest::Contains("--group-column"),
                       UsageError);
}

TEST_CASE("Groups that a list's own splits tear apart are told of") {
  const ListFolder list;
  const Dataset dataset =
      list.read("list.csv",
                "path,label,split,group\na.jpg,cat,train,1\nb.jpg,dog,train,2\nc.jpg,cat,valid,1\nd.jpg,dog,valid,3\n");
  CHECK(notes_say(dataset, "1 group has photos in several splits, such as '1'"));
}
