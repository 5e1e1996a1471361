// Lists of photos as people have them: headers of any words, separators, blanks, names without an ending.
#include <doctest/doctest.h>

#include <map>

#include "base/error.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

// path -> class, over all splits
std::map<std::string, std::string> listed(const Dataset& dataset) {
  std::map<std::string, std::string> out;
  for (const Sample& sample : dataset.all()) out[sample.path] = dataset.classes[static_cast<size_t>(sample.label)];
  return out;
}

using Listed = std::map<std::string, std::string>;
const Listed kFour{{"a.jpg", "cat"}, {"b.jpg", "dog"}, {"c.jpg", "cat"}, {"d.jpg", "dog"}};

struct List {
  TempFolder folder;
  DataConfig config{};
  List() {
    for (const char* name : {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}) folder.write(name, "x");
  }
  Dataset read(const std::string& text, const std::string& name = "list.csv") const {
    folder.write(name, text);
    return find_dataset(folder / name, config, 1);
  }
  void refuses(const std::string& text, const std::string& part) const {
    folder.write("list.csv", text);
    CHECK_THROWS_WITH_AS(find_dataset(folder / "list.csv", config, 1), doctest::Contains(part.c_str()), DataError);
  }
};

bool says(const Dataset& dataset, const std::string& part) {
  return join(dataset.notes, "\n").find(part) != std::string::npos;
}

std::string rows(const std::string& separator) {
  std::string out;
  for (const auto& [path, label] : kFour) out += path + separator + label + "\n";
  return out;
}

}  // namespace

TEST_CASE("A header is known by its words") {
  const List list;
  for (const char* header : {"path,label", "filename,class", "image_id,label", "Image Name,Species", "file,category",
                             "id,breed", "FILE_NAME,target", "img,y"})
    CHECK_MESSAGE(listed(list.read(std::string(header) + "\n" + rows(","))) == kFour, header);
  const Dataset dataset = list.read("filename,class\n" + rows(","));
  CHECK(says(dataset, "paths are in the column 'filename', labels in 'class'"));
  CHECK_FALSE(says(list.read("path,label\n" + rows(",")), "column"));
}

TEST_CASE("A header of any other words is known by its content, and a list without one stays whole") {
  const List list;
  CHECK(listed(list.read("bild,sorte\n" + rows(","))) == kFour);
  CHECK(listed(list.read(rows(","))) == kFour);
  // The first photo is not there: it is a photo all the same.
  CHECK(listed(list.read("gone.jpg,cat\n" + rows(","))).size() == 5);
  CHECK(listed(list.read("gone,cat\n" + rows(","))).size() == 5);
  // None is there.
  CHECK(listed(list.read("bild,sorte\n1.jpg,cat\n2.jpg,dog\n3.jpg,dog\n")).size() == 3);
  CHECK(listed(list.read("1.jpg,cat\n2.jpg,dog\n3.jpg,dog\n")).size() == 3);
}

TEST_CASE("A column of the words train, valid and test says the splits, whatever its name") {
  const List list;
  for (const char* name : {"part", "fold", "Teil", "usage", "x"}) {
    CAPTURE(name);
    const Dataset dataset = list.read("file;species;" + std::string(name) +
                                      "\na.jpg;cat;train\nb.jpg;dog;train\nc.jpg;cat;val\nd.jpg;dog;Test\n");
    CHECK(dataset.train.size() == 2);
    CHECK(dataset.valid.size() == 1);
    CHECK(dataset.test.size() == 1);
    CHECK(says(dataset, "splits in '" + std::string(name) + "'"));
  }
  CHECK(list.read("bild,teil,sorte\na.jpg,train,cat\nb.jpg,train,dog\nc.jpg,valid,cat\nd.jpg,test,dog\n").test.size() ==
        1);
  // Labels are labels, and one word is no split.
  CHECK(list.read("file,class\na.jpg,train\nb.jpg,test\nc.jpg,train\nd.jpg,test\n").classes ==
        std::vector<std::string>{"test", "train"});
  CHECK(says(list.read("file,class,kind\na.jpg,cat,train\nb.jpg,dog,train\nc.jpg,cat,train\nd.jpg,dog,train\n"),
             "not used: 'kind'"));
  CHECK(says(list.read("file,class,kind\na.jpg,cat,train\nb.jpg,dog,tram\nc.jpg,cat,test\nd.jpg,dog,bus\n"),
             "not used: 'kind'"));
}

TEST_CASE("Columns are found in any order and named where they cannot be") {
  List list;
  CHECK(listed(list.read("cat,a.jpg\ndog,b.jpg\ncat,c.jpg\ndog,d.jpg\n")) == kFour);
  const Dataset dataset =
      list.read("n,label,path,split\n1,cat,a.jpg,Training\n2,dog,b.jpg,train\n3,cat,c.jpg,VAL\n4,dog,d.jpg,test\n");
  CHECK(listed(dataset) == kFour);
  CHECK(dataset.train.size() == 2);
  CHECK(dataset.valid.size() == 1);
  CHECK(says(dataset, "splits in 'split'; not used: 'n'"));
  // Kaggle's index column, a column of numbers named "set".
  CHECK(listed(list.read(",file,set,class\n0,a.jpg,7,cat\n1,b.jpg,8,dog\n2,c.jpg,7,cat\n3,d.jpg,9,dog\n")) == kFour);
  const std::string text = "eins,zwei,drei\na.jpg,cat,x\nb.jpg,dog,y\nc.jpg,cat,z\nd.jpg,dog,x\n";
  list.refuses(text, "which column holds the labels? It has 'eins', 'zwei', 'drei'; name it with --label-column");
  list.config.label_column = "zwei";
  CHECK(listed(list.read(text)) == kFour);
  list.config.path_column = "eins";
  list.config.label_column = "drei";
  CHECK(list.read(text).classes == std::vector<std::string>{"x", "y", "z"});
  list.config.label_column = "dri";
  CHECK_THROWS_WITH_AS(list.read(text), doctest::Contains("--label-column: unknown column 'dri'; did you mean 'drei'"),
                       UsageError);
}

TEST_CASE("Separators, line ends, quotation marks and blanks are as programs write them") {
  const List list;
  for (const std::string separator : {",", ";", "\t", " , ", "; "}) CHECK(listed(list.read(rows(separator))) == kFour);
  CHECK(listed(list.read("\xef\xbb\xbf"
                         "path;label\r\na.jpg;cat\r\nb.jpg;dog\r\nc.jpg;cat\r\nd.jpg;dog\r\n")) == kFour);
  CHECK(listed(list.read("a.jpg,cat\rb.jpg,dog\rc.jpg,cat\rd.jpg,dog\r")) == kFour);
  CHECK(listed(list.read("a.jpg,cat,\nb.jpg,dog,\nc.jpg,cat,\nd.jpg,dog,\n")) == kFour);
  CHECK(listed(list.read(rows("\t"), "list.tsv")) == kFour);
  const Dataset trimmed = list.read("a.jpg, cat\nb.jpg,dog \n c.jpg, \"cat\" \nd.jpg,\" dog\"\n");
  CHECK(listed(trimmed) == kFour);
  CHECK(says(trimmed, "4 lines with blanks around a field"));
  const Dataset quoted = list.read("a.jpg,\"cat, big\"\nb.jpg,\"two\nlines\"\n");
  CHECK(quoted.classes == std::vector<std::string>{"cat, big", "two\nlines"});
  list.refuses("path,label\na.jpg,cat, big\nb.jpg,dog\n", "line 2: it has 3 fields and the first line 2");
  list.refuses(std::string("\xff\xfe"
                           "a\0",
                           4),
               "UTF-16");
  list.refuses("path,label\n", "no line below");
  list.refuses("path,label\na.jpg,\nb.jpg,dog\n", "line 2: the label is empty");
  list.refuses("path,label,split\na.jpg,cat,train\nb.jpg,dog,holdout\n", "line 3: unknown split 'holdout'");
}

TEST_CASE("Names without an ending, of photos in folders below, are found where only one fits") {
  const List list;
  for (const char* name :
       {"train/000b.jpg", "train/000c.JPG", "test/000d.png", "x/twice.jpg", "y/twice.jpg", "z/e.jpg"})
    list.folder.write(name, "x");
  const Dataset dataset = list.read("id,breed\n000b,pug\n000c,pug\n000d,boxer\na,boxer\nz\\e.jpg,pug\n");
  CHECK(listed(dataset) == Listed{{"train/000b.jpg", "pug"},
                                  {"train/000c.JPG", "pug"},
                                  {"test/000d.png", "boxer"},
                                  {"a.jpg", "boxer"},
                                  {"z/e.jpg", "pug"}});
  CHECK(says(dataset, "5 paths without a file of that very name"));
  const Dataset several = list.read("id,breed\n000b,pug\ntwice,boxer\nnone,boxer\n");
  CHECK(listed(several) == Listed{{"train/000b.jpg", "pug"}, {"twice", "boxer"}, {"none", "boxer"}});
  CHECK(says(several, "'twice' (x/twice.jpg, y/twice.jpg)"));
}

TEST_CASE("The same file twice is one photo, however it is written") {
  const List list;
  const Dataset dataset = list.read(rows(",") + "./a.jpg,cat\n");
  CHECK(listed(dataset) == kFour);
  CHECK(says(dataset, "1 repeated line passed over"));
  list.refuses(rows(",") + "./a.jpg,dog\n", "line 5");
}

TEST_CASE("A list that is not text is refused") {
  const List list;
  list.refuses(std::string("a.jpg,cat\0\nb.jpg,dog\n", 20), "NUL byte");
}
