#include "spec/extraction_options.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

constexpr size_t kLongestSide = 64;

[[noreturn]] void refuse(const std::string& reason) {
  throw UsageError("--kernel: " + reason + "; write rows of numbers, as in \"-1 2 -1; -1 2 -1; -1 2 -1\"");
}

double number(const std::string& word) {
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (*end != '\0' || !std::isfinite(value)) refuse("'" + word + "' is not a number");
  return value;
}

std::vector<double> row(std::string text) {
  std::replace(text.begin(), text.end(), ',', ' ');
  std::istringstream words(text);
  std::vector<double> values;
  for (std::string word; words >> word;) values.push_back(number(word));
  return values;
}

// A word of letters is meant as a name.
bool is_word(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c) || c == '_' || c == '-'; });
}

}  // namespace

const std::vector<Kernel>& named_kernels() {
  static const std::vector<Kernel> kernels{
      {"blur", 3, 3, {.0625, .125, .0625, .125, .25, .125, .0625, .125, .0625}},
      {"bottom_sobel", 3, 3, {-1, -2, -1, 0, 0, 0, 1, 2, 1}},
      {"edge", 3, 3, {-1, -1, -1, -1, 8, -1, -1, -1, -1}},
      {"emboss", 3, 3, {-2, -1, 0, -1, 1, 1, 0, 1, 2}},
      {"sharpen", 3, 3, {0, -1, 0, -1, 5, -1, 0, -1, 0}},
  };
  return kernels;
}

Kernel kernel_from_text(const std::string& text) {
  std::vector<std::string> names;
  for (const Kernel& kernel : named_kernels()) {
    if (kernel.name == text) return kernel;
    names.push_back(kernel.name);
  }
  if (is_word(text)) throw UsageError("--kernel: " + unknown_word("kernel", text, names));
  Kernel kernel{"custom", 0, 0, {}};
  for (const std::string& line : split(text, ';')) {
    const auto values = row(line);
    if (values.empty()) continue;
    if (kernel.rows++ > 0 && values.size() != kernel.columns) refuse("its rows are of different lengths");
    kernel.columns = values.size();
    kernel.values.insert(kernel.values.end(), values.begin(), values.end());
  }
  if (kernel.rows == 0) refuse("there are no numbers in '" + text + "'");
  if (std::max(kernel.rows, kernel.columns) > kLongestSide)
    refuse("it is larger than " + std::to_string(kLongestSide) + " a side");
  return kernel;
}

}  // namespace cvtool
