#include "data/leakage.h"

#include <doctest/doctest.h>

#include "scratch.h"

using namespace cvtool;

TEST_CASE("Files that are equal byte by byte are found, whatever their names") {
  const Scratch scratch;
  scratch.write("train/a.jpg", "same");
  scratch.write("train/b.jpg", "else");
  scratch.write("train/c.jpg", "longer content");
  scratch.write("test/x.jpg", "same");
  scratch.write("test/y.jpg", "diff");
  scratch.write("test/z.jpg", "unheard of");
  Dataset dataset;
  dataset.root = scratch.path();
  for (const char* name : {"train/a.jpg", "train/b.jpg", "train/c.jpg", "train/gone.jpg"})
    dataset.train.push_back({name});
  for (const char* name : {"test/gone.jpg", "test/x.jpg", "test/y.jpg", "test/z.jpg"}) dataset.test.push_back({name});
  const Duplicates duplicates = duplicates_in_training(dataset, dataset.test);
  CHECK(duplicates == Duplicates{{"test/x.jpg", "train/a.jpg"}});
  CHECK(contains(leakage_text(duplicates, "test"),
                 "1 of the test photos also stand in the training photos, such as test/x.jpg = train/a.jpg"));
  CHECK(leakage_text({}, "test").empty());
}
