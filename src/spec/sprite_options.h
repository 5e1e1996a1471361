// How pictures lie in a sprite. Free of OpenCV: the command line reads it.
#pragma once

#include "base/fields.h"

namespace cvtool {

struct SpriteOptions {
  ImageSize size{32, 32};
  std::vector<std::string> classes;
};

template <class Visitor>
void fields(SpriteOptions& c, Visitor&& visit) {
  visit("size", c.size, Doc("size of one picture in pixels: N or HEIGHTxWIDTH").range(1, 1024));
  visit("classes", c.classes, Doc("NAME=LABEL of the classes wanted; empty: every label, named by its number"));
}

}  // namespace cvtool
