#include "base/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"

namespace cvtool {
namespace {

constexpr size_t kBytesOfNumber = 40;  // bytes of a number that is told of

}  // namespace

Json json_from_text(const std::string& text, const std::string& origin) {
  try {
    return Json::parse(text, nullptr, true, /*ignore_comments=*/true);
  } catch (const Json::parse_error& error) {
    std::string what = error.what();
    const auto where = what.find("at line");
    throw UsageError(origin + ": not valid JSON " + (where == std::string::npos ? what : what.substr(where)) +
                     "; mend the file there");
  } catch (const Json::out_of_range& error) {
    const std::string what = error.what();
    const auto number = std::min(what.find('\''), what.size());
    throw UsageError(origin + ": not valid JSON: no number may be as large as " +
                     printable(what.substr(number, kBytesOfNumber)) + "; mend it in the file");
  }
}

Json json_from_file(const std::string& path) { return json_from_text(read_file(path), path); }

}  // namespace cvtool
