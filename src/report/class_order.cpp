#include "report/class_order.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cvtool {

std::vector<std::string> weakest_first(const Json& metrics, std::vector<std::string> classes) {
  const Json& f1 = metrics.at("f1");
  std::stable_sort(classes.begin(), classes.end(), [&](const std::string& a, const std::string& b) {
    return f1.at(a).get<double>() < f1.at(b).get<double>();
  });
  return classes;
}

}  // namespace cvtool
