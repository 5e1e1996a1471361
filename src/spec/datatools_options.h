// What the commands that make sets of photos are asked for.
#pragma once

#include "base/fields.h"

namespace cvtool {

struct DrawnSetOptions {
  int64_t train_per_class = 500;
  int64_t valid_per_class = 100;
  int64_t test_per_class = 100;
  ImageSize size{128, 128};
  int64_t seed = 42;
};

template <class Visitor>
void fields(DrawnSetOptions& c, Visitor&& visit) {
  visit("train_per_class", c.train_per_class, Doc("training pictures of each class").range(1, 99999));
  visit("valid_per_class", c.valid_per_class, Doc("validation pictures of each class").range(1, 99999));
  visit("test_per_class", c.test_per_class, Doc("test pictures of each class; 0: no test folder").range(0, 99999));
  visit("size", c.size, Doc("size of the pictures in pixels: N or HEIGHTxWIDTH").range(32, 1024));
  visit("seed", c.seed, Doc("seed of the drawing").range(0, 9007199254740991.0));
}

// How pictures lie in a sprite. Free of OpenCV: the command line reads it.

struct SpriteOptions {
  ImageSize size{32, 32};
  std::vector<std::string> classes;
};

template <class Visitor>
void fields(SpriteOptions& c, Visitor&& visit) {
  visit("size", c.size, Doc("size of one picture in pixels: N or HEIGHTxWIDTH").range(1, 1024));
  visit("classes", c.classes,
        Doc("NAME=LABEL of the classes wanted (\"red, blue\"=3 where a name holds a comma)")
            .means("empty", "every label, named by its number")
            .takes("NAME=LABEL,..."));
}

}  // namespace cvtool
