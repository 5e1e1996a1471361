// What a folder of a user holds beside photos: other programs' folders, hidden files, names that do not tell.
#include "data/folders.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "data/dataset.h"
#include "data/decode/image_format.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

using Words = std::vector<std::string>;

bool says(const Dataset& dataset, const std::string& part) {
  return join(dataset.notes, "\n").find(part) != std::string::npos;
}

std::string as_png() { return encoded(cv::Mat(3, 4, CV_8UC3, cv::Scalar(1, 2, 3)), ".png"); }

}  // namespace

TEST_CASE("Content says what is a photo where the ending does not") {
  TempFolder folder;
  const std::string png = as_png();
  for (const char* name : {"a/1.jfif", "a/2", "a/3.photo", "a/4.JPE", "a/5.HEIC", "b/1.avif", "b/2.jpg~", "b/3.0001"})
    folder.write(name, png);
  folder.write("a/readme", "BM is how a text may begin, and a long one it is");
  folder.write("a/notes.log", "P1 was the first of them");
  folder.write("a/film.mp4", std::string("\0\0\0\x18"
                                         "ftypisom\0\0\0\0isommp42",
                                         24));
  folder.write("a/half.jpg.part", png);
  folder.write("b/raw.NEF", png);
  folder.write("b/1.xml", "<a/>");
  const Dataset dataset = find_dataset(folder.path(), {}, 1);
  Words found;
  for (const Sample& sample : dataset.all()) found.push_back(sample.path);
  CHECK(found == Words{"a/1.jfif", "a/2", "a/3.photo", "a/4.JPE", "a/5.HEIC", "b/1.avif", "b/2.jpg~", "b/3.0001"});
  CHECK(says(
      dataset,
      folder.path() + ": 6 files not used, no photos: 1 without an ending, 1 .log, 1 .mp4, 1 .nef, 1 .part, 1 .xml"));
}

TEST_CASE("Documents beside the folders of classes are no loss, other files are") {
  TempFolder folder;
  const std::string png = as_png();
  for (const char* name : {"a/1.png", "a/2.png", "b/1.png", "b/2.png"}) folder.write(name, png);
  for (const char* name : {"labels.csv", "README.md", "data.json", "LICENSE.txt"}) folder.write(name, "a");
  CHECK_FALSE(says(find_dataset(folder.path(), {}, 1), "not used"));
  folder.write("film.mp4", "a");
  CHECK(says(find_dataset(folder.path(), {}, 1), "1 file not used, no photos: 1 .mp4"));
}

TEST_CASE("Folders of other programs and hidden ones are passed over with a note") {
  TempFolder folder;
  const Words foreign{"@eaDir",   "__MACOSX",   "lost+found", "$RECYCLE.BIN", "System Volume Information",
                      "#recycle", "__pycache__"};
  for (const std::string& name : foreign) folder.write(name + "/1.jpg", "x");
  for (const char* name : {"a/1.jpg", "b/1.jpg", "a/@eaDir/1.jpg/thumb.jpg", ".thumbnails/1.jpg",
                           ".ipynb_checkpoints/1.jpg", "a/._1.jpg", "a/.DS_Store", "b/Thumbs.db"})
    folder.write(name, "x");
  const Dataset dataset = find_dataset(folder.path(), {}, 1);
  CHECK(dataset.classes == Words{"a", "b"});
  CHECK(dataset.all().size() == 2);
  for (const std::string& name : foreign) CHECK_MESSAGE(says(dataset, "'" + name + "'"), name);
  CHECK(says(dataset, "2 '@eaDir'"));
  CHECK(says(dataset, "passed over hidden folders: '.ipynb_checkpoints', '.thumbnails'"));
  CHECK(says(dataset, "1 hidden file such as '._1.jpg'"));
  CHECK(says(dataset, "1 .db"));
  CHECK_FALSE(says(dataset, "DS_Store"));
}

TEST_CASE("The program's results are passed over, unless they are named as a class") {
  TempFolder folder;
  for (const char* name : {"jumps/1.jpg", "walks/1.jpg", "runs/1.jpg"}) folder.write(name, "x");
  const Dataset dataset = find_dataset(folder.path(), {}, 1);
  CHECK(dataset.classes == Words{"jumps", "walks"});
  CHECK(says(dataset, "'runs' is passed over"));
  DataConfig config;
  config.classes = {"jumps", "runs"};
  CHECK(find_dataset(folder.path(), config, 1).classes == Words{"jumps", "runs"});
  // In a walk only what is a folder of runs.
  CHECK(images_below(folder.path()).size() == 3);
  folder.write("runs/train/config.json", "{}");
  folder.write("runs/train/curves.png", "x");
  PassedOver passed;
  CHECK(images_below(folder.path(), &passed) == Words{"jumps/1.jpg", "walks/1.jpg"});
  CHECK(passed.runs.count("runs") == 1);
}

TEST_CASE("A text that begins as an image does is none; the images themselves are") {
  for (const char* text : {"BMW builds cars, and this is a text about them",
                           "P1 to P6 are kinds of PNM files, so they say", "P6 100 words"})
    CHECK_FALSE(begins_like_image(std::string(text) + std::string(40, ' ')));
  CHECK(begins_like_image("P2\n3 2\n255\n1 2 3 4 5 6\n"));
  CHECK(begins_like_image("P3 # made by hand\n3 2\n255\n"));
  CHECK(begins_like_image("P4\n9 2\n\xff\x80\xff\x80"));
  CHECK(begins_like_image("P6 3 2 255\n\xff\xfe\xfd"));
  CHECK(begins_like_image(as_png()));
  CHECK(begins_like_image(encoded(cv::Mat(3, 4, CV_8UC3), ".bmp")));
}

TEST_CASE("Brands tell HEIC and AVIF from films") {
  const auto file = [](const std::string& brands) {
    return std::string(3, '\0') + static_cast<char>(8 + brands.size()) + "ftyp" + brands + "....";
  };
  const std::string version(4, '\0');
  CHECK(image_format(file("heic" + version + "mif1heic")) == ImageFormat::kHeic);
  CHECK(image_format(file("mif1" + version + "mif1heicmiaf")) == ImageFormat::kHeic);
  CHECK(image_format(file("mif1" + version + "miafavif")) == ImageFormat::kAvif);
  CHECK(image_format(file("avis" + version)) == ImageFormat::kAvif);
  CHECK(image_format(file("isom" + version + "mp41")) == ImageFormat::kUnknown);
  // A brand behind the end of its box is none.
  CHECK(image_format(file("isom" + version) + "heic") == ImageFormat::kUnknown);
}
