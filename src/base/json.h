// JSON as cvtool uses it: keys keep the order in which they were written.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace cvtool {

using Json = nlohmann::ordered_json;

// Parses `text`; comments are allowed. Throws UsageError naming `origin` (a file or flag), line and column.
Json json_from_text(const std::string& text, const std::string& origin);

// Reads and parses a file. Throws Error when it cannot be read, UsageError when it is not JSON.
Json json_from_file(const std::string& path);

}  // namespace cvtool
