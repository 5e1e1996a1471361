#include "data/list/patterns.h"

#include <glob.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

constexpr uint64_t kMaxRange = 100'000;
constexpr size_t kMaxDigits = 9;

struct NumberRange {
  size_t begin, end;  // of "{a..b}" in the pattern
  std::string first, last;
};

bool is_number(const std::string& text) {
  return !text.empty() && text.size() <= kMaxDigits && text.find_first_not_of("0123456789") == std::string::npos;
}

// The first range of the pattern; false where there is none.
bool find_range(const std::string& pattern, NumberRange& range) {
  for (size_t begin = pattern.find('{'); begin != std::string::npos; begin = pattern.find('{', begin + 1)) {
    const size_t end = pattern.find('}', begin), dots = pattern.find("..", begin);
    if (end == std::string::npos || dots == std::string::npos || dots > end) continue;
    range = {begin, end + 1, pattern.substr(begin + 1, dots - begin - 1), pattern.substr(dots + 2, end - dots - 2)};
    if (is_number(range.first) && is_number(range.last)) return true;
  }
  return false;
}

// The pattern once for each number of its ranges.
std::vector<std::string> without_ranges(const std::string& pattern) {
  NumberRange range;
  if (!find_range(pattern, range)) return {pattern};
  const uint64_t first = std::stoull(range.first), last = std::stoull(range.last);
  if (last < first || last - first >= kMaxRange)
    throw UsageError(pattern + ": the range {" + range.first + ".." + range.last + "} has no end, or more than " +
                     with_thousands(kMaxRange) + " numbers; write the smaller number first");
  std::vector<std::string> patterns;
  for (uint64_t number = first; number <= last; ++number) {
    std::string digits = std::to_string(number);
    if (digits.size() < range.first.size()) digits.insert(0, range.first.size() - digits.size(), '0');
    for (std::string& one : without_ranges(pattern.substr(0, range.begin) + digits + pattern.substr(range.end)))
      patterns.push_back(std::move(one));
    if (patterns.size() > kMaxRange)
      throw UsageError(pattern + ": names more than " + with_thousands(kMaxRange) + " files");
  }
  return patterns;
}

void add_matches(const std::string& pattern, std::vector<std::string>& paths) {
  glob_t found{};
  if (::glob(pattern.c_str(), GLOB_BRACE | GLOB_TILDE, nullptr, &found) == 0)
    paths.insert(paths.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
}

}  // namespace

bool is_pattern(const std::string& text) {
  return text.find_first_of("*?[{") != std::string::npos && ::access(text.c_str(), F_OK) != 0;
}

std::vector<std::string> matches_of(const std::string& pattern, std::vector<std::string>* missing) {
  std::vector<std::string> paths;
  for (const std::string& one : without_ranges(pattern)) {
    const size_t before = paths.size();
    add_matches(one, paths);
    if (missing && paths.size() == before && one != pattern) missing->push_back(one);
  }
  return paths;
}

}  // namespace cvtool
