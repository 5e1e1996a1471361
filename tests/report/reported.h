// A metrics.json as cvtool writes it, of photos that do not exist.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

// What nobody should call a class, and people do.
inline const std::vector<std::string>& odd_names() {
  static const std::vector<std::string> names{
      "a|b`c",           "<b>&\"'</b>]]>", "two\nlines\x1b[31m", "\xff no UTF-8", "\xEF\xBF\xBE no character",
      "*_~[x](y) $z$ #1"};
  return names;
}

// F1 falls from class to class.
inline Json reported(const std::vector<std::string>& classes) {
  Json metrics{{"count", 120}, {"loss", 0.5}, {"accuracy", 0.8}, {"roc_auc", nullptr}, {"ece", 0.1}};
  metrics["macro"] = {{"precision", 0.75}, {"recall", 0.75}, {"f1", 0.75}};
  for (size_t i = 0; i < classes.size(); ++i) {
    metrics["support"][classes[i]] = 20;
    for (const char* key : {"precision", "recall", "f1"}) metrics[key][classes[i]] = 0.9 - 0.1 * static_cast<double>(i);
  }
  metrics["intervals"] = {{"accuracy", {0.75, 0.85}}};
  return {{"model", "runs/one/best.pt"},
          {"model_digest", "abc"},
          {"data", "photos"},
          {"split", "test"},
          {"metrics", metrics}};
}

inline Json gate(const std::string& metric, double value, double min) {
  const bool met = value >= min;
  return {{"metric", metric}, {"min", min}, {"value", value}, {"met", met}, {"text", metric + " is so, so is asked"}};
}

}  // namespace cvtool
