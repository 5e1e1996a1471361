// A small C++ header and source that load an exported TorchScript file and classify a picture.
#pragma once

#include <string>

#include "model/model_file.h"

namespace cvtool {

struct HeaderFiles {
  std::string header, source;
};

struct HeaderPlan {
  std::string stem;  // "classifier": of classifier.h, classifier.cpp and classifier.pt
  bool resize_inside = false;
};

HeaderFiles header_files(const ModelFile& model, const HeaderPlan& plan);

}  // namespace cvtool
