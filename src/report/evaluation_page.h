// report.html: an evaluation as a page that people read.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace cvtool {

struct PageFigure {
  std::string title, file;  // name of the picture beside the page
  std::string bytes;        // PNG; empty: the figure is left out
};

struct PageMistake {
  std::string path, link;  // as shown; where the file lies, seen from the page
  std::string label, predicted;
  double confidence = 0;  // [0,1]
  std::string jpeg;       // empty: the photo could not be read again
  std::string heat_jpeg;  // the same with a heat map over it; empty: none
};

using Facts = std::vector<std::pair<std::string, std::string>>;  // what, and its value; plain text

struct EvaluationPage {
  std::string title;
  Json document;  // what metrics.json holds; all numbers come from here
  std::vector<std::string> classes, warnings;
  PageFigure confusion, roc, precision_recall, calibration, curves;
  std::vector<PageMistake> mistakes;  // most confident first
  int64_t mistake_count = 0;          // of all, shown or not
  std::string heat_layer;             // whose feature map the heat maps show
  Facts training, environment;
  Json recipe;                        // null: it is not known
  std::vector<std::string> commands;  // to repeat it
  Facts files;                        // names beside the page, and what they hold
};

// The whole page. Everything in `page` may come from strangers: all of it is escaped. An element that shows a number
// of the document names it: <span data-metric="f1.cat">.
std::string evaluation_page(const EvaluationPage& page);

}  // namespace cvtool
