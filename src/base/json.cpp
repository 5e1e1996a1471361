#include "base/json.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"

namespace cvtool {

Json json_from_text(const std::string& text, const std::string& origin) {
  try {
    return Json::parse(text, nullptr, true, /*ignore_comments=*/true);
  } catch (const Json::parse_error& error) {
    std::string what = error.what();
    const auto where = what.find("at line");
    throw UsageError(origin + ": not valid JSON " + (where == std::string::npos ? what : what.substr(where)) +
                     "; mend the file there");
  }
}

Json json_from_file(const std::string& path) { return json_from_text(read_file(path), path); }

}  // namespace cvtool
